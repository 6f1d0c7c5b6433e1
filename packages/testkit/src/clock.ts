import type { Platform } from '@reauth/core'

import { settle } from './settle.ts'

/** A clock that a test moves: it fits the option `platform` of a session and the option `clock` of an issuer. */
export interface Clock extends Platform {
  /**
   * Lets time pass: fires the timers in the order in which they fall due, those that they start included, and lets
   * everything settle before and after each of them (see {@link settle}). Rejects with what a timer's callback throws.
   */
  advance(ms: number): Promise<void>
  /**
   * Moves the wall clock and fires nothing: a laptop asleep, or, with a negative number, a clock set back. As on most
   * systems, a timer keeps what remained of it, and so fires that much later by the wall clock.
   */
  jump(ms: number): void
  /** How many timers are live. */
  readonly pending: number
}

/** What else a clock can be told. */
export interface ClockOptions {
  /** The jitter. @default () => 0 */
  random?: () => number
  /** Waits between timers; a longer chain of hashes than {@link settle} waits for needs more turns. @default settle */
  settle?: () => Promise<void>
}

interface Timer {
  readonly id: number
  readonly dueAt: number
  readonly callback: () => void
}

const longestDelayMs = 2 ** 31 - 1
const mostTimersPerAdvance = 100_000

/** Returns a clock that stands still until it is told to move. */
export function createClock(startMs: number = Date.UTC(2030, 0, 1), options: ClockOptions = {}): Clock {
  const { random = () => 0, settle: settled = settle } = options
  const timers = new Map<number, Timer>()
  // Timers run by their own time: only `advance` moves that, `jump` moves the distance between it and the wall clock.
  let elapsedMs = 0
  let offsetMs = startMs
  let lastId = 0

  /** The first of those that fall due, and of these the first that was set. */
  const nextBy = (limit: number): Timer | undefined =>
    [...timers.values()]
      .filter(({ dueAt }) => dueAt <= limit)
      .reduce<Timer | undefined>((first, timer) => (first && first.dueAt <= timer.dueAt ? first : timer), undefined)

  return {
    now: () => offsetMs + elapsedMs,
    random,
    setTimeout(callback, ms) {
      const id = ++lastId
      timers.set(id, { id, dueAt: elapsedMs + delayOf(ms), callback })
      return id
    },
    clearTimeout(id) {
      timers.delete(id as number)
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new TypeError(`advance(${ms}): timers run forwards only; jump() sets the wall clock back`)
      const end = elapsedMs + ms
      for (let fired = 0; ; fired++) {
        await settled()
        const timer = nextBy(end)
        if (timer === undefined) break
        if (fired === mostTimersPerAdvance) throw new Error(`${fired} timers fired within ${ms} ms: one re-arms itself`)
        elapsedMs = timer.dueAt
        timers.delete(timer.id)
        timer.callback()
      }
      elapsedMs = end
    },
    jump(ms) {
      offsetMs += ms
    },
    get pending() {
      return timers.size
    },
  }
}

/** What the platforms make of a delay: too long for 32 bits is 1 ms, which is how a token of a month loops. */
function delayOf(ms: number): number {
  if (ms > longestDelayMs) return 1
  return ms > 0 ? ms : 0
}
