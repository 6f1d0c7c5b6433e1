import { indexedDbStorage } from '../indexed-db-storage.ts'
import type { RequestLock, TokenStorage } from '../storage.ts'
import { type Timers, timers } from './timers.ts'

/** A way to the other tabs. */
export interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/** What happens to a page: the events of a window, and those of its document on their way through it. */
export interface PageEvents {
  addEventListener(type: string, listener: (event: object) => void, isCapture: true): void
  removeEventListener(type: string, listener: (event: object) => void, isCapture: true): void
}

/**
 * What core takes from the machine it runs on. The default is found on `globalThis`, at the time of each call, so that
 * fake timers work; a test gives its own. What is optional is what a server has not got.
 */
export interface Platform extends Timers {
  /** The time in epoch ms. */
  now(): number
  /** A number in [0, 1), for jitter. */
  random(): number
  /** Exclusion across tabs: `navigator.locks` of a page. Those of Node end with the process and do not count. */
  readonly locks?: { readonly request: RequestLock } | undefined
  /** `BroadcastChannel` of a page. */
  readonly BroadcastChannel?: (new (name: string) => Channel) | undefined
  /** The window, or the global object of a worker. */
  readonly events?: PageEvents | undefined
  /** What stands beside a storage that is not coherent across tabs, as `localStorage`; it has to swap in one step. */
  readonly ledgerOf?: ((storage: TokenStorage) => TokenStorage | undefined) | undefined
}

/** What only pages and their workers have. Others have some of it, too, and there it ends with the process. */
const onPage = <T>(find: () => T): T | undefined => (typeof addEventListener === 'function' ? find() : undefined)

export const defaultPlatform: Platform = {
  ...timers,
  now: () => Date.now(),
  random: () => Math.random(),
  get locks() {
    return onPage(() => navigator.locks as never)
  },
  get BroadcastChannel() {
    return onPage(() => BroadcastChannel as never)
  },
  get events() {
    return onPage(() => globalThis as never)
  },
  ledgerOf(storage) {
    try {
      return onPage(() => ((storage.base ?? storage) === localStorage ? indexedDbStorage() : undefined))
    } catch {
      // A page that may not have any.
      return undefined
    }
  },
}
