/**
 * Why a callback brought no tokens. `stale`: it was used up, or has waited too long. `foreign`: it was not started here.
 * `tampered`: it is not what the issuer gave. `denied`: the user or the issuer said no.
 */
export type CallbackFailure = 'stale' | 'foreign' | 'tampered' | 'denied'

/** The page was opened with an answer to a sign-in that is none, or is a no. A session that there is stays as it is. */
export class OAuthCallbackError extends Error {
  override readonly name = 'OAuthCallbackError'
  declare readonly reason: CallbackFailure
  /** The error code of the issuer (RFC 6749, section 4.1.2.1), as `access_denied`; of `denied` only. */
  declare readonly error?: string
  /** Where the user was, a path of this origin; where that is known. */
  declare readonly returnTo?: string

  constructor(reason: CallbackFailure, told: { cause?: unknown; error?: string } = {}) {
    super(`The answer to this sign-in is ${reason}; start again`, told)
    Object.assign(this, told, { reason })
  }
}
