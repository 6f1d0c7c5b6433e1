import { createStash } from './create-stash.ts'
import { checkedOrigin, ownPath } from './own-path.ts'
import { warnOfLoss } from './stash-warning.ts'
import type { TokenStorage } from './storage.ts'
import { tabStorage } from './tab-storage.ts'
import type { Trace } from './trace.ts'

/** What {@link returnTo} is made with. */
export interface ReturnToOptions {
  /**
   * Where the path waits. A sign-in in the same tab is back in the same `sessionStorage`; one in another tab needs a
   * storage that both see.
   *
   * @default `sessionStorage`; memory where there is none
   */
  storage?: TokenStorage | undefined
  /** The origin whose paths are accepted. Required outside of a page. @default the page's own */
  origin?: string | undefined
  /** How long the path may wait, in ms. @default 1_800_000, 30 minutes */
  ttlMs?: number | undefined
  /** Takes a warning for each refusal, never with the value; it goes to the console without it. */
  trace?: Trace | undefined
}

/** Keeps the place the user was at over the sign-in round trip. */
export interface ReturnTo {
  /**
   * Puts a path aside, as `location.pathname + location.search + location.hash`, in the place of the one before.
   *
   * Rejects with a `TypeError` for what is no path of this origin, and with what the storage threw. Either way the one
   * before is gone: no sign-in inherits the place of an older one.
   */
  save(path: string): Promise<void>
  /**
   * Gives the path, once. Undefined when there is none, when it has waited too long, or, with a warning, when what is
   * stored is no path of this origin: go to your default page then.
   */
  take(): Promise<string | undefined>
}

const prefix = 'reauth.returnTo'
const key = 'path'

/**
 * Returns a path of an origin as it is. Throws a `TypeError` for any other value, and tells the trace, or the console
 * without one, why: never what it was.
 */
export function checkedPath(value: unknown, origin: string, trace?: Trace): string {
  const { path, reason } = ownPath(value, origin)
  if (path !== undefined) return path
  warnOfLoss(trace, prefix, reason)
  throw new TypeError(`returnTo: ${reason}; pass location.pathname + location.search + location.hash`)
}

/** Creates a {@link ReturnTo}. Throws a `TypeError` for an option that is wrong, or without an origin. */
export function returnTo(options: ReturnToOptions = {}): ReturnTo {
  const { storage = tabStorage(), ttlMs = 1_800_000, trace } = options
  const given = options.origin ?? (typeof location === 'undefined' ? undefined : location?.origin)
  if (given === undefined) throw new TypeError('returnTo: there is no page here; pass `origin`')
  const origin = checkedOrigin(given)
  const stash = createStash({ storage, prefix, ttlMs, trace })

  return {
    async save(value) {
      // No await before the new one is set: whoever takes next finds that one.
      const cleared = stash.take(key)
      try {
        await stash.set(key, checkedPath(value, origin, trace))
      } finally {
        await cleared
      }
    },
    async take() {
      const value = await stash.take(key)
      try {
        // Again: others may write to the storage.
        return value === undefined ? undefined : checkedPath(value, origin, trace)
      } catch {
        return undefined
      }
    },
  }
}
