import { cooldownMs } from './cooldown.ts'
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
  of(held: Tokened): Fate
  /** Without a `step`, whatever others have stored meanwhile counts more: they may have the lock. @default 1 */
  add(held: Tokened, news: Fate, step?: 0 | 1): void
  /** Adds that a refresh has failed: whoever presented the token is done. `random` in [0, 1) is for the backoff. */
  fail(held: Tokened, failed: Pick<Failure, 'error' | 'at' | 'retryAt'> & { readonly random: number }): void
  /** Takes over what was stored, if it is later; errors come back from their JSON. */
  learn(held: Tokened, stored: Fate | undefined): void
}

/** What may have a refresh token. */
interface Tokened {
  readonly epoch: number
  readonly tokens?: TokenSet
}

/** A refresh token is presented once at a time, whatever sign-in it came with; a cookie once for one who is signed in. */
export function keyOf({ epoch, tokens }: Tokened): string {
  return tokens?.refreshToken ?? `epoch ${epoch}`
}

/** More than anybody signs in again with, and few enough to forget about. */
const memory = 100

export function createFates(): Fates {
  const fates = new Map<string, Fate>()
  const of = (held: Tokened): Fate => fates.get(keyOf(held)) ?? {}

  function set(held: Tokened, fate: Fate): void {
    const key = keyOf(held)
    fates.delete(key)
    fates.set(key, fate)
    const [oldest] = fates.keys()
    if (fates.size > memory && oldest !== undefined) fates.delete(oldest)
  }

  return {
    of,
    add(held, news, step = 1) {
      const { revision = 0, ...known } = of(held)
      set(held, { ...known, ...news, revision: revision + step })
    },
    fail(held, { error, at, retryAt, random }) {
      const attempts = (of(held).failure?.attempts ?? 0) + 1
      const failure = { error, attempts, at, until: at + cooldownMs(attempts, random), retryAt }
      this.add(held, { failure, claim: undefined, ...(error.reason === 'lost' && { lost: true }) })
    },
    learn(held, stored) {
      const known = of(held)
      const { revision = 0 } = known
      if (stored === undefined || (stored.revision ?? 0) < revision) return
      if (JSON.stringify(stored) === JSON.stringify(known)) return
      const { failure } = stored
      set(held, { ...stored, failure: failure && { ...failure, error: revived(failure.error) } })
      // What two learned at the same time counts for both.
      const isTie = stored.revision === revision
      if (known.dead && !stored.dead) this.add(held, { dead: true })
      if (isTie && known.lost && !stored.lost) this.add(held, { lost: true })
      const retryAt = known.failure?.retryAt ?? 0
      if (failure !== undefined && failure.retryAt < retryAt) {
        this.add(held, { failure: { ...(of(held).failure as Failure), retryAt } })
      } else if (isTie && failure === undefined && known.failure !== undefined) {
        this.add(held, { failure: known.failure })
      }
    },
  }
}

function revived(error: RefreshError | AuthenticationError): RefreshError | AuthenticationError {
  return error.name === 'RefreshError' ? new RefreshError(error.message, error) : authenticationError(error.reason)
}
