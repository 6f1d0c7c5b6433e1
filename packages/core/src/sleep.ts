import type { Timers } from './platform/timers.ts'

/** The longest time that a timer can count, in ms: more would be none at all. */
const longestMs = 2 ** 31 - 1

/** Resolves after a time, or at once when the signal aborts; the timer goes with it. */
export function sleep(platform: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      platform.clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = platform.setTimeout(end, Math.min(ms, longestMs))
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
}

/** Calls back when a task takes longer than that; no timer is left. */
export async function timed<T>(platform: Timers, ms: number, late: () => void, task: () => Promise<T>): Promise<T> {
  const timer = platform.setTimeout(late, ms)
  try {
    return await task()
  } finally {
    platform.clearTimeout(timer)
  }
}

/** Resolves after a time. */
export function pause(platform: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimeout(resolve, ms)
  })
}
