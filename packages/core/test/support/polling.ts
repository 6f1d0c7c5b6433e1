import { type Clock, createClock } from '@reauth/testkit'
import { expect, onTestFinished } from 'vitest'

import { type PollOptions, pollUntil, type Probe, type ProbeResult } from '../../src/poll-until.ts'
import type { TraceEntry } from '../../src/trace.ts'

/** A key of its own, a clock that stands still, and what was probed and warned of. */
export interface Polling {
  readonly clock: Clock
  readonly warnings: TraceEntry[]
  /** When each probe came, in ms since the start. */
  readonly probedAt: readonly number[]
  /** What the next probes answer; the last one stays. A function is called, an error is thrown. */
  answers: Answer[]
  /** The signal that the last probe got. */
  readonly signal: AbortSignal
  poll(options?: PollOptions): Promise<unknown>
}

export type Answer = ProbeResult<unknown> | Error | (() => unknown) | string

let keys = 0

/** Returns a thing to wait for. After the test nothing may be left on its clock. */
export function createPolling(...answers: Answer[]): Polling {
  const clock = createClock(0)
  const key = `thing ${++keys}`
  const probedAt: number[] = []
  const warnings: TraceEntry[] = []
  let last: AbortSignal | undefined

  onTestFinished(async () => {
    await clock.advance(0)
    expect(clock.pending, 'timers that are live').toBe(0)
  })

  const probe: Probe<unknown> = async (signal) => {
    last = signal
    probedAt.push(clock.now())
    const answer = polling.answers.length > 1 ? polling.answers.shift() : polling.answers[0]
    if (answer instanceof Error) throw answer
    if (typeof answer === 'string') return { status: answer }
    return (typeof answer === 'function' ? answer() : answer) as ProbeResult<unknown>
  }

  const polling: Polling = {
    clock,
    warnings,
    probedAt,
    answers,
    get signal() {
      if (last === undefined) throw new Error('Nothing was probed')
      return last
    },
    poll: (options) => pollUntil(key, probe, { platform: clock, trace: (entry) => warnings.push(entry), ...options }),
  }
  return polling
}
