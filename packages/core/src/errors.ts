abstract class ReauthError extends Error {
  /** Errors may come from another copy of this package or another realm: this tells, not `instanceof`. */
  get isReauthError(): true {
    return true
  }

  /** What may be logged or sent elsewhere: neither cause nor stack, which are not enumerable. */
  toJSON(): object {
    return Object.assign({}, this, { message: this.message })
  }
}

/**
 * Why {@link AuthenticationError} was thrown: nobody is signed in; the session cannot go on without a sign-in; one
 * request was refused twice; another sign-in took the place of the one that this request belonged to.
 */
export type AuthenticationReason = 'signed-out' | 'expired' | 'refused' | 'switched'

/** The user has to sign in (or in again). */
export class AuthenticationError extends ReauthError {
  override readonly name = 'AuthenticationError'
  readonly code = 401
  readonly reason: AuthenticationReason

  constructor(message: string, { reason, cause }: { reason: AuthenticationReason; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

/** The user is signed in and not allowed to do this. It never touches the session; another token will not help. */
export class PermissionDeniedError extends ReauthError {
  override readonly name = 'PermissionDeniedError'
  readonly code = 403

  constructor(message: string, { cause }: { cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
  }
}

/**
 * Why a refresh failed. `rejected`: the issuer's verdict that the grant is dead (`invalid_grant`). `unavailable`: it was
 * not sent or not processed; later it may work. `lost`: it was sent and no answer came, so nobody knows. `misconfigured`:
 * an answer that no waiting will mend. `disposed`: the session object was disposed.
 */
export type RefreshFailureReason = 'rejected' | 'unavailable' | 'lost' | 'misconfigured' | 'disposed'

export interface RefreshErrorOptions {
  reason: RefreshFailureReason
  /** How long the issuer asked to be left alone, in ms (`Retry-After`). */
  retryAfterMs?: number | undefined
  /** Whether the request left this machine, where that is known. */
  sent?: boolean | undefined
  cause?: unknown
}

/** A refresh failed. Unless the reason is `rejected`, the tokens are kept and it is tried again when it makes sense. */
export class RefreshError extends ReauthError {
  override readonly name = 'RefreshError'
  readonly reason: RefreshFailureReason
  declare readonly retryAfterMs?: number
  declare readonly sent?: boolean

  constructor(message: string, { reason, retryAfterMs, sent, cause }: RefreshErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs
    if (sent !== undefined) this.sent = sent
  }
}

/** Returns whether a value is an error of reauth, also one of another copy of the package or another realm. */
export function isReauthError(value: unknown): value is AuthenticationError | PermissionDeniedError | RefreshError {
  return typeof value === 'object' && value !== null && 'isReauthError' in value
}
