import { deferred } from './deferred.ts'
import { RefreshError } from './errors.ts'
import { createKeyedLock, type KeyedLock } from './keyed-lock.ts'
import type { Platform } from './platform/platform.ts'
import type { LockOptions, TokenStorage } from './storage.ts'

/** A time under the lock. */
export interface Turn {
  /** The lock is somebody else's by now: what was not sent yet must not be sent. */
  isLost: boolean
  /** Something may have been sent: the lock is kept until that has its answer. */
  isSent: boolean
  /** Whether it was taken from somebody who may not know. */
  readonly isTakeover: boolean
}

/** The lock of a session, across everything that shares its storage. */
export interface Exclusion {
  /** Runs a task, which must not reject, under the lock. Rejects when the wait is over, or where there is no lock. */
  run(task: (turn: Turn) => Promise<void>): Promise<void>
  /** Lets the others go on where nothing was sent, since this page may be frozen any moment. */
  release(): void
  /** Ends the waiting, for good. */
  end(reason: unknown): void
}

export interface ExclusionOptions {
  readonly storage: TokenStorage
  readonly name: string
  readonly platform: Platform
  /** How long to wait, in ms; only time in which the page is awake counts. */
  readonly waitMs: number
  /** Whether the lock may be taken from who holds it. */
  isAbandoned(): Promise<boolean>
  /** Told where the platform's locks do not work. */
  fellBack(): void
  /** Told how long a wait took, and whether it ended in a takeover. */
  entered(ms: number, isTakeover: boolean): void
}

/** How often a wait is given up and begun anew: a request of now throws a holder out of the back/forward cache. */
const steps = 4

/** The locks of storages that have no other, for this process alone. */
const locksOf = new WeakMap<TokenStorage, KeyedLock>()

export function createExclusion(options: ExclusionOptions): Exclusion {
  const { storage, name, platform, waitMs, isAbandoned, fellBack, entered } = options
  const waits = new Set<AbortController>()
  const holds = new Set<() => void>()
  let locks = storage.request === undefined ? platform.locks : undefined
  let ended: { readonly reason: unknown } | undefined
  if (storage.request === undefined && locks === undefined) fellBack()

  function request(how: LockOptions, callback: () => Promise<void>): Promise<void> {
    if (storage.request !== undefined) return storage.request(name, how, callback)
    if (locks !== undefined) return locks.request(name, how, callback)
    const own = locksOf.get(storage) ?? createKeyedLock()
    locksOf.set(storage, own)
    return own.run(name, callback, how as { signal: AbortSignal })
  }

  /** Resolves to whether the task ran, once it has; rejects where there is no lock. */
  async function enter(task: (turn: Turn) => Promise<void>, since: number, isTakeover: boolean): Promise<boolean> {
    const turn: Turn = { isLost: false, isSent: false, isTakeover }
    const wait = new AbortController()
    const released = deferred<void>()
    const timer = platform.setTimeout(() => {
      wait.abort(waits)
    }, waitMs / steps)
    const release = (): void => {
      if (turn.isSent) return
      turn.isLost = true
      released.resolve()
    }
    let running: Promise<void> | undefined
    waits.add(wait)
    try {
      await request(isTakeover ? { steal: true } : { signal: wait.signal }, () => {
        stopWaiting()
        holds.add(release)
        entered(platform.now() - since, isTakeover)
        running = task(turn).finally(() => holds.delete(release))
        return Promise.race([running, released.promise])
      })
    } catch (error) {
      // Somebody else has taken it over, and the task goes on without it; or else it never began.
      turn.isLost = true
      if (running === undefined && wait.signal.reason !== waits) throw error
    } finally {
      stopWaiting()
    }
    await running
    return running !== undefined

    function stopWaiting(): void {
      platform.clearTimeout(timer)
      waits.delete(wait)
    }
  }

  return {
    async run(task) {
      const since = platform.now()
      for (let step = 0; step < steps; step++) {
        if (ended !== undefined) throw ended.reason
        try {
          // One after the other: each step is a wait of its own.
          // oxlint-disable-next-line no-await-in-loop
          if (await enter(task, since, false)) return
        } catch (error) {
          if (ended !== undefined || locks === undefined) throw error
          // A partitioned or opaque origin.
          locks = undefined
          fellBack()
        }
        // oxlint-disable-next-line no-await-in-loop
        if (locks !== undefined && (await isAbandoned()) && (await enter(task, since, true))) return
      }
      throw new RefreshError(`Somebody else held the lock of the refresh for ${waitMs} ms`, { reason: 'unavailable' })
    },
    release() {
      for (const release of holds) release()
    },
    end(reason) {
      ended = { reason }
      for (const wait of waits) wait.abort(reason)
    },
  }
}
