/**
 * Why a callback brought no tokens. `stale`: it was used up, or has waited too long. `foreign`: it was not started here.
 * `tampered`: it is not what the issuer gave. `denied`: the user or the issuer said no.
 */
export type CallbackFailure = 'stale' | 'foreign' | 'tampered' | 'denied'

const ways: { readonly [Reason in CallbackFailure]: string } = {
  stale: 'This sign-in is used up or has waited too long; start again',
  foreign: 'This sign-in was not started here; start again in this tab',
  tampered: 'The answer to this sign-in is not the one that the issuer gave; start again',
  denied: 'The issuer did not sign the user in; offer to start again',
}

/** The page was opened with an answer to a sign-in that is none, or is a no. A session that there is stays as it is. */
export class OAuthCallbackError extends Error {
  override readonly name = 'OAuthCallbackError'
  readonly reason: CallbackFailure
  /** The error code of the issuer (RFC 6749, section 4.1.2.1), as `access_denied`; of `denied` only. */
  declare readonly error?: string

  constructor(reason: CallbackFailure, { cause, error }: { cause?: unknown; error?: string } = {}) {
    super(ways[reason], { cause })
    this.reason = reason
    if (error !== undefined) this.error = error
  }

  /** What may be logged or sent elsewhere: neither cause nor stack. */
  toJSON(): object {
    return { name: this.name, reason: this.reason, error: this.error, message: this.message }
  }
}
