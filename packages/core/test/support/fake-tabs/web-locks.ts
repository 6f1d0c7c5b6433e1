import type { Scheduler } from 'fast-check'

import { deferred } from '../../../src/deferred.ts'
import type { RequestLock } from '../../../src/storage.ts'
import type { Tab } from './tab.ts'

/** The locks of one origin, as the Web Locks specification has them, as far as they are asked for. */
export interface WebLocks {
  /** How many are held or waited for. */
  readonly size: number
  requestFor(tab: () => Tab): RequestLock
  /** The page is gone, and what it held with it. */
  free(tab: Tab): void
}

interface Ask {
  readonly tab: Tab
  readonly grant: () => void
  readonly steal: (reason: unknown) => void
}

export function createWebLocks(scheduler: Scheduler): WebLocks {
  const holders = new Map<string, Ask>()
  const queues = new Map<string, Ask[]>()

  function next(name: string): void {
    if (holders.has(name)) return
    const ask = queues.get(name)?.shift()
    if (ask === undefined) return
    holders.set(name, ask)
    ask.grant()
  }

  function leave(name: string, ask: Ask): void {
    if (holders.get(name) === ask) holders.delete(name)
    const queue = queues.get(name) ?? []
    if (queue.includes(ask)) queue.splice(queue.indexOf(ask), 1)
    next(name)
  }

  return {
    get size() {
      return [...queues.values()].reduce((sum, { length }) => sum + length, holders.size)
    },
    requestFor: (tabOf) => (name, options, callback) => {
      const { signal, steal } = options
      const tab = tabOf()
      if (tab.isCrashed) return new Promise(() => {})
      const called = deferred<void>()
      const { promise, resolve, reject } = deferred<Awaited<ReturnType<typeof callback>>>()
      const run = async (): Promise<void> => {
        try {
          resolve(await callback())
        } catch (error) {
          reject(error)
        }
        leave(name, ask)
      }
      const ask: Ask = {
        tab,
        grant() {
          signal?.removeEventListener('abort', abort)
          void scheduler.schedule(Promise.resolve(), `lock for tab ${tab.id}`).then(() => {
            tab.deliver(() => {
              called.resolve()
              void run()
            })
          })
        },
        steal(reason) {
          void called.promise.then(() => {
            reject(reason)
          })
        },
      }
      const abort = (): void => {
        reject(signal?.reason)
        leave(name, ask)
      }
      if (signal?.aborted === true) reject(signal.reason)
      else if (steal === true) {
        const victim = holders.get(name)
        holders.set(name, ask)
        victim?.steal(new DOMException('Lock broken by another request with the steal option', 'AbortError'))
        ask.grant()
      } else {
        signal?.addEventListener('abort', abort)
        queues.set(name, [...(queues.get(name) ?? []), ask])
        next(name)
      }
      return tab.gate(promise)
    },
    free(tab) {
      for (const name of queues.keys()) {
        queues.set(
          name,
          (queues.get(name) ?? []).filter((ask) => ask.tab !== tab),
        )
        const holder = holders.get(name)
        if (holder?.tab === tab) leave(name, holder)
      }
    },
  }
}
