import type { AuthenticationError, RefreshError } from './errors.ts'

/** What was learned of one refresh token, whatever sign-in it came with. */
interface Fate {
  /** The issuer has answered to it, with another token or with a rejection. */
  readonly dead?: true | undefined
  /** An answer was lost: it may be spent, until the issuer says. */
  readonly lost?: true | undefined
  readonly failure?: Failure | undefined
}

/** The last refresh that failed, shared with everybody until the cooldown ends. */
interface Failure {
  readonly error: RefreshError | AuthenticationError
  readonly attempts: number
  /** The end of the backoff, in epoch ms. */
  readonly until: number
  /** The end of what the issuer asked for (`Retry-After`), in epoch ms. */
  readonly retryAt: number
}

/** The fates of the refresh tokens that a session has seen. */
export interface Fates {
  of(key: string): Fate
  add(key: string, news: Fate): void
}

/** More than anybody signs in again with, and few enough to forget about. */
const memory = 100

export function createFates(): Fates {
  const fates = new Map<string, Fate>()
  return {
    of: (key) => fates.get(key) ?? {},
    add(key, news) {
      const fate = { ...fates.get(key), ...news }
      fates.delete(key)
      fates.set(key, fate)
      const [oldest] = fates.keys()
      if (fates.size > memory && oldest !== undefined) fates.delete(oldest)
    },
  }
}
