import type { OriginMatcher } from './origins.ts'
import type { Platform } from './platform/platform.ts'
import type { TokenStorage } from './storage.ts'
import type { RefreshOption } from './strategies.ts'
import type { TokenSet } from './token-set.ts'
import type { Trace } from './trace.ts'

export interface SessionOptions {
  /**
   * How a new token set is had: one strategy, or a list of which the next is tried only when the issuer rejected the
   * former. Never called twice at once with one refresh token.
   */
  refresh: RefreshOption
  /**
   * Where the session is kept: `localStorage`, `indexedDbStorage()`, or anything else with `getItem`, `setItem` and
   * `removeItem`, sync or async. In Node it has to be its own lock (`request`), or processes would refresh at once.
   *
   * @default memory, which is gone with the page
   */
  storage?: TokenStorage | undefined
  /**
   * Names the session in the storage, in the lock, in the other tabs, and in traces: two sessions of one origin need two
   * names.
   *
   * @default 'reauth'
   */
  name?: string
  /**
   * Where credentials may go: exact origins, or a function that is taken at its word. A list is https only, loopback
   * excepted. Outside of a page there is no default, and every origin is left alone.
   *
   * @default the page's own origin
   */
  origins?: readonly string[] | OriginMatcher
  /**
   * How long before it lapses a credential counts as stale, in ms: the time a request may take. Capped at a third of the
   * token's lifetime.
   *
   * @default 30_000
   */
  leewayMs?: number
  /**
   * How long callers wait for a refresh, in ms; then they get a `RefreshError` of reason `unavailable`. The request
   * lives on to three times this.
   *
   * @default 30_000
   */
  refreshTimeoutMs?: number
  /**
   * Whether a request that was refused twice expires the session. For applications with one API; with several, one
   * misconfigured endpoint would sign everybody out.
   *
   * @default false
   */
  expireWhenRefused?: boolean
  /**
   * Tells whose tokens they are. A sign-in that is not provably the same identity starts a new epoch, and a refresh that
   * answers for another one is refused.
   *
   * @default `tokens.identity`, else `iss` and `sub` of the ID token
   */
  identity?: (tokens: TokenSet) => string | undefined
  /**
   * Whether a new token set can be kept. Where it cannot (a server component that cannot set cookies), nothing is ever
   * refreshed: what works is used, anything else is a `RefreshError` of reason `unavailable`.
   *
   * @default true
   */
  canPersist?: boolean
  /** The issuer's address, for traces. */
  issuer?: string
  /** Takes a typed entry for everything that reauth does, never with a token; {@link traceTo} makes it a log. */
  trace?: Trace
  /**
   * What core takes from the machine.
   *
   * @default found on `globalThis`
   */
  platform?: Platform
}

/** Throws a `TypeError` for a duration that is none. */
export function checkDurations(durations: { readonly [name: string]: number }): void {
  for (const [name, value] of Object.entries(durations)) {
    // Three times as long still fits a timer.
    if (!(value >= 0 && value < 2 ** 29)) throw new TypeError(`${name} has to be milliseconds below 2^29, not ${value}`)
  }
}
