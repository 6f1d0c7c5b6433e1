import { type Deferred, deferred } from './deferred.ts'
import type { Timers } from './platform/timers.ts'
import { timed } from './sleep.ts'

/** How long a storage may take to answer. */
export const patienceMs = 5000

/** Waits for a storage, but not for ever. What answers at once costs no timer. */
export async function patiently<T>(platform: Timers, answer: T | Promise<T>): Promise<T> {
  if (!isPromise(answer)) return answer
  const late: Deferred<never> = deferred()
  const giveUp = (): void => {
    late.reject(new Error(`The storage did not answer in ${patienceMs} ms`))
  }
  return timed(platform, patienceMs, giveUp, () => Promise.race([answer, late.promise]))
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === 'function'
}
