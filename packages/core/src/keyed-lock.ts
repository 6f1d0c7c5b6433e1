import { abortable } from './abortable.ts'
import { deferred } from './deferred.ts'

/** Exclusion by key within this process. */
export interface KeyedLock {
  /**
   * Runs a task when nobody else holds the key, in the order of the calls. The signal ends the wait, with its reason; a
   * task that runs is its own master.
   */
  run<T>(key: string, task: () => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>
  /** The number of keys that somebody holds or waits for. */
  readonly size: number
}

/** Creates a lock that forgets a key with its last caller. Without contention a task starts at once. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>()
  return {
    get size() {
      return tails.size
    },
    async run(key, task, { signal } = {}) {
      if (signal?.aborted === true) throw signal.reason
      const before = tails.get(key)
      const turn = deferred<void>()
      // No await between the look at the tail and its replacement: that is what makes this exclusive.
      const tail = before === undefined ? turn.promise : before.then(() => turn.promise)
      tails.set(key, tail)
      const drop = (): void => {
        if (tails.get(key) === tail) tails.delete(key)
      }
      try {
        if (before !== undefined) await abortable(before, signal)
      } catch (reason) {
        // Who is before us still holds the key: it goes when they do.
        turn.resolve()
        void tail.then(drop)
        throw reason
      }
      try {
        return await task()
      } finally {
        turn.resolve()
        drop()
      }
    },
  }
}
