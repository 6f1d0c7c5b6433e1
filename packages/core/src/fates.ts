import { type AuthenticationError, authenticationError, RefreshError } from './errors.ts'
import type { TokenSet } from './token-set.ts'

/** What was learned of one refresh token, whatever sign-in it came with. */
export interface Fate {
  /** Counts what was learned, so that of two accounts the later one is known. */
  readonly revision?: number
  /** The issuer has answered to it, with another token or with a rejection. */
  readonly dead?: true | undefined
  /** An answer was lost: it may be spent, until the issuer says. */
  readonly lost?: true | undefined
  readonly failure?: Failure | undefined
  /** Who is presenting it, and since when (epoch ms); left behind where the answer was lost. */
  readonly claim?: Claim | undefined
}

/** Who is presenting a refresh token. Whoever gets the lock next takes it for left behind, unless it is `stray`. */
export interface Claim {
  readonly owner: string
  /** Epoch ms. */
  readonly at: number
  /** The lock was taken from its owner, who may be there all the same. */
  readonly stray?: true
}

/** The last refresh that failed, shared with everybody until the cooldown ends. */
export interface Failure {
  readonly error: RefreshError | AuthenticationError
  readonly attempts: number
  /** When that was, in epoch ms. */
  readonly at: number
  /** The end of the backoff, in epoch ms. */
  readonly until: number
  /** The end of what the issuer asked for (`Retry-After`), in epoch ms. */
  readonly retryAt: number
}

/** The fates of the refresh tokens that a session has seen. */
export interface Fates {
  of(key: string): Fate
  add(key: string, news: Fate): void
  /** Takes over what was stored, if it is later; errors come back from their JSON. */
  learn(key: string, stored: Fate | undefined): void
}

/** A refresh token is presented once at a time, whatever sign-in it came with; a cookie once for one who is signed in. */
export function keyOf({ epoch, tokens }: { readonly epoch: number; readonly tokens: TokenSet }): string {
  return tokens.refreshToken ?? `epoch ${epoch}`
}

/** More than anybody signs in again with, and few enough to forget about. */
const memory = 100

export function createFates(): Fates {
  const fates = new Map<string, Fate>()
  const of = (key: string): Fate => fates.get(key) ?? {}

  function set(key: string, fate: Fate): void {
    fates.delete(key)
    fates.set(key, fate)
    const [oldest] = fates.keys()
    if (fates.size > memory && oldest !== undefined) fates.delete(oldest)
  }

  return {
    of,
    add(key, news) {
      const { revision = 0, ...known } = of(key)
      set(key, { ...known, ...news, revision: revision + 1 })
    },
    learn(key, stored) {
      const known = of(key)
      const { revision = 0 } = known
      if (stored === undefined || (stored.revision ?? 0) < revision) return
      if (JSON.stringify(stored) === JSON.stringify(known)) return
      const { failure } = stored
      set(key, { ...stored, failure: failure && { ...failure, error: revived(failure.error) } })
      // What two learned at the same time counts for both.
      const isTie = stored.revision === revision
      if (known.dead !== stored.dead && known.dead === true) this.add(key, { dead: true })
      if (isTie && known.lost !== stored.lost && known.lost === true) this.add(key, { lost: true })
      const retryAt = known.failure?.retryAt ?? 0
      if (failure !== undefined && failure.retryAt < retryAt) {
        this.add(key, { failure: { ...(of(key).failure as Failure), retryAt } })
      } else if (isTie && failure === undefined && known.failure !== undefined) {
        this.add(key, { failure: known.failure })
      }
    },
  }
}

function revived(error: RefreshError | AuthenticationError): RefreshError | AuthenticationError {
  return error.name === 'RefreshError' ? new RefreshError(error.message, error) : authenticationError(error.reason)
}
