import { abortable } from './abortable.ts'
import { deferred } from './deferred.ts'
import { RefreshError } from './errors.ts'
import { createKeyedLock, type KeyedLock } from './keyed-lock.ts'
import type { StoredHost } from './session-host.ts'
import type { LockOptions, TokenStorage } from './storage.ts'

/** A time under the lock. */
export interface Turn {
  /** The lock is somebody else's by now: what was not sent yet must not be sent. */
  isLost: boolean
  /** Something may have been sent: the lock is kept until that has its answer. */
  isSent: boolean
  /** Whether it was taken from somebody who may not know. */
  readonly isTakeover: boolean
  /** Since when, in epoch ms. */
  since: number
}

/** The lock of a session, across everything that shares its storage. */
export interface Exclusion {
  /** Runs a task, which must not reject, under the lock. Rejects when the wait is over, or where there is no lock. */
  run(task: (turn: Turn) => Promise<void>): Promise<void>
  /** Lets the others go on where nothing was sent, since this page may be frozen any moment. */
  release(): void
}

/** The session as its lock sees it: who waits longer than `refreshTimeoutMs`, while the page is awake, gives up. */
export type ExclusionHost = Pick<
  StoredHost,
  'storage' | 'name' | 'platform' | 'refreshTimeoutMs' | 'trace' | 'lifetime'
>

/** How often a wait is given up and begun anew: a request of now throws a holder out of the back/forward cache. */
const steps = 4

/** The locks of storages that have no other, for this process alone. */
const locksOf = new WeakMap<TokenStorage, KeyedLock>()

/** `isAbandoned` tells whether the lock may be taken from who holds it. */
export function createExclusion(host: ExclusionHost, isAbandoned: () => Promise<boolean>): Exclusion {
  const { storage, platform, refreshTimeoutMs, trace, lifetime } = host
  const name = `reauth:${host.name}`
  const stepMs = refreshTimeoutMs / steps
  const holds = new Set<() => void>()
  let locks = storage.request === undefined ? platform.locks : undefined
  if (storage.request === undefined && locks === undefined) warn()

  function warn(): void {
    trace?.({ type: 'warning', level: 'warn', reason: 'no-lock' })
  }

  function request(how: LockOptions, callback: () => Promise<void>): Promise<void> {
    if (storage.request !== undefined) return storage.request(name, how, callback)
    if (locks !== undefined) return locks.request(name, how, callback)
    const own = locksOf.get(storage) ?? createKeyedLock()
    locksOf.set(storage, own)
    return own.run(name, callback, how as { signal: AbortSignal })
  }

  /** Resolves to whether the task ran, once it has; rejects where there is no lock. */
  async function enter(task: (turn: Turn) => Promise<void>, begun: number, isTakeover: boolean): Promise<boolean> {
    const turn: Turn = { isLost: false, isSent: false, isTakeover, since: platform.now() }
    const wait = new AbortController()
    const released = deferred<void>()
    const giveUp = (): void => {
      wait.abort(lifetime.reason)
    }
    const timer = platform.setTimeout(giveUp, stepMs)
    lifetime.addEventListener('abort', giveUp)
    const release = (): void => {
      if (turn.isSent) return
      turn.isLost = true
      released.resolve()
    }
    let running: Promise<void> | undefined
    let isStale = false
    try {
      const entering = request(isTakeover ? { steal: true } : { signal: wait.signal }, () => {
        stopWaiting()
        const now = platform.now()
        // Granted to a page that slept: whoever waited for it may have taken it away since.
        isStale = !isTakeover && (wait.signal.aborted || now - turn.since > stepMs)
        if (isStale) return Promise.resolve()
        turn.since = now
        holds.add(release)
        const ms = now - begun
        if (isTakeover) trace?.({ type: 'takeover', level: 'warn', ms })
        else if (ms > 0) trace?.({ type: 'lock-wait', level: 'debug', ms })
        running = task(turn).finally(() => holds.delete(release))
        return Promise.race([running, released.promise])
      })
      // A lock that heeds no signal may never be granted; one that is taken is waited for.
      await abortable(entering, isTakeover ? undefined : wait.signal)
    } catch (error) {
      // Somebody else has taken it over, and the task goes on without it; or else it never began.
      turn.isLost = true
      const isOurs = wait.signal.aborted || (error as Error).name === 'AbortError'
      if (running === undefined && !isOurs) throw error
    } finally {
      stopWaiting()
    }
    await running
    return isStale ? enter(task, begun, false) : running !== undefined

    function stopWaiting(): void {
      platform.clearTimeout(timer)
      lifetime.removeEventListener('abort', giveUp)
    }
  }

  return {
    async run(task) {
      const begun = platform.now()
      lifetime.throwIfAborted()
      for (let step = 0; step < steps; step++) {
        try {
          // One after the other: each step is a wait of its own.
          // oxlint-disable-next-line no-await-in-loop
          if (await enter(task, begun, false)) return
        } catch (error) {
          if (locks === undefined) throw error
          // A partitioned or opaque origin.
          locks = undefined
          warn()
        }
        lifetime.throwIfAborted()
        // oxlint-disable-next-line no-await-in-loop
        if (locks !== undefined && (await isAbandoned()) && (await enter(task, begun, true))) return
      }
      throw new RefreshError(`Somebody else held the lock for ${refreshTimeoutMs} ms`, { reason: 'unavailable' })
    },
    release() {
      for (const release of holds) release()
    },
  }
}
