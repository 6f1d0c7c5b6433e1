abstract class ReauthError<Options extends { cause?: unknown }> extends Error {
  constructor(message: string, options: Options) {
    const { cause, ...told } = options
    super(message, { cause })
    Object.assign(this, told)
  }

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
export class AuthenticationError extends ReauthError<{ reason: AuthenticationReason; cause?: unknown }> {
  override readonly name = 'AuthenticationError'
  readonly code = 401
  declare readonly reason: AuthenticationReason
}

const ways: { readonly [Reason in AuthenticationReason]: string } = {
  'signed-out': 'Nobody is signed in; sign in',
  expired: 'The session has expired; sign in again',
  refused: 'A fresh credential was refused; check its audience',
  switched: 'Somebody else has signed in; start over',
}

/** Returns the error for a reason, with the way out. */
export function authenticationError(reason: AuthenticationReason, cause?: unknown): AuthenticationError {
  return new AuthenticationError(ways[reason], { reason, cause })
}

/** The user is signed in and not allowed to do this. It never touches the session; another token will not help. */
export class PermissionDeniedError extends ReauthError<{ cause?: unknown }> {
  override readonly name = 'PermissionDeniedError'
  readonly code = 403

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
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
export class RefreshError extends ReauthError<RefreshErrorOptions> {
  override readonly name = 'RefreshError'
  declare readonly reason: RefreshFailureReason
  declare readonly retryAfterMs?: number
  declare readonly sent?: boolean
}

/** Returns whether a value is a `RefreshError`, from wherever. */
export function isRefreshError(value: unknown): value is RefreshError {
  return isReauthError(value) && value.name === 'RefreshError'
}

/** Returns whether a value is an error of reauth, also one of another copy of the package or another realm. */
export function isReauthError(value: unknown): value is AuthenticationError | PermissionDeniedError | RefreshError {
  return typeof value === 'object' && value !== null && 'isReauthError' in value
}
