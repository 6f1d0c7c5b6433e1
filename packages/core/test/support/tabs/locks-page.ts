// A page without a session: Web Locks and a storage, as the browser has them, to prove what the tabs do to them.
import { indexedDbStorage } from '../../../src/indexed-db-storage.ts'
import type { TokenStorage } from '../../../src/storage.ts'

export interface LocksPage {
  readonly storage: TokenStorage
  /** Takes a lock and keeps it. Resolves when it is taken. */
  hold(name: string): Promise<void>
  /** Lets go of the lock that is held. */
  release(): void
  /** Waits for a lock, and lets it go; false when the time is over first. */
  canTake(name: string, withinMs: number): Promise<boolean>
}

let release = (): void => undefined

const page: LocksPage = {
  storage: indexedDbStorage(),
  hold: (name) =>
    new Promise((taken) => {
      void navigator.locks.request(name, () => {
        taken()
        return new Promise<void>((resolve) => {
          release = resolve
        })
      })
    }),
  release: () => {
    release()
  },
  canTake: (name, withinMs) =>
    navigator.locks.request(name, { signal: AbortSignal.timeout(withinMs) }, () => true).catch(() => false),
}

Object.assign(globalThis, page)
