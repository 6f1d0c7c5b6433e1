import fc, { type Arbitrary, type Scheduler } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'

import type { Outcome } from './support/race-issuer.ts'
import { raceRuns, replay } from './support/race-runs.ts'
import { createRaceWorld, type RaceWorld, type Step } from './support/race-world.ts'

const outcome: Arbitrary<Outcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Outcome>('ok') },
  { weight: 6, arbitrary: fc.constantFrom('lean', 'rejected', 'unavailable', 'lost', 'dropped', 'hangs') },
)

const who = fc.constantFrom('alice' as const, 'bob' as const)
const back = fc.nat(4)
const step: Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Step>({ do: 'acquire' }, { do: 'request' }) },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'early' }, { do: 'leave' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('refuse', 'refuse', 'final'), back }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'refresh' }, { do: 'expire' }, { do: 'revoke' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('signIn'), identity: who }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'signOut' }) },
)
const again: Arbitrary<Step> = fc.record({ do: fc.constant('again'), back: fc.nat(2) })

// Into the leeway, over the lapse, past a cooldown, to the timeout and to the hard cap.
const tickMs = fc.constantFrom(100, 1000, 30_000, 90_000, 210_000, 275_000, 300_000)
const runOf = (steps: Arbitrary<Step>): Arbitrary<Run> =>
  fc.record({
    scheduler: fc.scheduler(),
    outcomes: fc.array(outcome, { minLength: 4, maxLength: 12, size: 'max' }),
    callers: fc.array(fc.array(steps, { minLength: 2, maxLength: 8, size: 'max' }), { minLength: 2, maxLength: 5 }),
    ticks: fc.array(tickMs, { minLength: 2, maxLength: 8, size: 'max' }),
    isStrict: fc.boolean(),
  })

interface Run {
  readonly scheduler: Scheduler
  readonly outcomes: Outcome[]
  readonly callers: Step[][]
  readonly ticks: number[]
  readonly isStrict: boolean
}

/** Lets time pass, now and then. */
async function tick(scheduler: Scheduler, world: RaceWorld, ticks: number[]): Promise<void> {
  for (const ms of ticks) {
    await scheduler.schedule(Promise.resolve(), `${ms} ms`)
    await world.advance(ms)
  }
}

/** Lets everybody do their steps, in the order that the scheduler picks, until all of them are through (I7). */
async function play({ scheduler, outcomes, callers, ticks, isStrict }: Run): Promise<void> {
  const world = createRaceWorld(scheduler, outcomes, isStrict)
  await world.take({ do: 'signIn', identity: 'alice' })
  const act = async (steps: Step[]): Promise<void> => {
    for (const next of steps) {
      await scheduler.schedule(Promise.resolve(), JSON.stringify(next))
      await world.take(next)
    }
  }
  const through = vi.fn<() => void>()
  const all = Promise.all(callers.map(act)).finally(through)
  all.catch(() => {})
  void tick(scheduler, world, ticks)
  // A request that hangs ends at the hard cap; each caller may meet a few of them.
  for (let round = 0; round < 40 && through.mock.calls.length === 0; round++) {
    await scheduler.waitIdle()
    await world.advance(through.mock.calls.length === 0 ? 90_000 : 0)
  }
  await scheduler.waitIdle()
  expect(through, 'I7: everybody got an answer').toHaveBeenCalledOnce()
  await all
  await world.end()
}

describe(`a session in any interleaving (${raceRuns} runs)`, { timeout: 5000 + raceRuns * 60 }, () => {
  it('keeps its invariants', async () => {
    await fc.assert(fc.asyncProperty(runOf(step), play), { numRuns: raceRuns, ...replay })
  })

  it('keeps them where tokens are signed in that it has seen before', async () => {
    const steps = fc.oneof({ weight: 14, arbitrary: step }, { weight: 3, arbitrary: again })
    await fc.assert(fc.asyncProperty(runOf(steps), play), { numRuns: raceRuns, ...replay })
  })
})
