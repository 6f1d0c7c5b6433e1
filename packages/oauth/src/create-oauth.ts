import type { Refresh, Strategy, TokenSet } from '@reauth/core'

import { type AuthorizeOptions, signInUrl } from './authorize.ts'
import { answerIn, signInBy, type SignedIn } from './callback.ts'
import { exchangeAt, type ExchangeOptions } from './exchange.ts'
import { createIssuer, failure } from './issuer.ts'
import type { OAuthOptions } from './oauth-options.ts'
import { createRoundTrip } from './round-trip.ts'

/** The identity side: from sign-in to sign-out, at one issuer. */
export interface OAuth {
  /**
   * Begins a sign-in: goes to the issuer in a page, and returns the address anyway. A session that there is stays as it
   * is until the tokens are back, so it steps one up, too (`parseStepUp`).
   *
   * Rejects with a `TypeError` for a `returnTo` that leaves the origin, and with a `RefreshError` where the issuer cannot
   * be reached.
   */
  authorize(options?: AuthorizeOptions): Promise<URL>
  /**
   * Takes in the answer that the page was opened with; undefined where there is none. Fit to be called on every load, and
   * twice at once: an answer is exchanged once, and taken out of the address bar. Who asks again within a minute gets the
   * same, unless it was revoked; afterwards it is `stale`.
   *
   * Rejects with an `OAuthCallbackError`, and with a `RefreshError` where the exchange failed; after one of reason
   * `unavailable` the same address can be tried again, as by a reload.
   */
  handleCallback(url?: string | URL): Promise<SignedIn | undefined>
  /** The refresh grant (RFC 6749, section 6): goes into `createSession`. */
  readonly refresh: Refresh
  /** Returns a strategy that exchanges a token (RFC 8693): a second one behind `refresh`, or that of a child session. */
  exchange(options: ExchangeOptions): Required<Strategy>
  /**
   * Tells the issuer that the tokens are over (RFC 7009), for after `signOut()`. Never rejects: the user is signed out
   * whether the issuer hears of it or not.
   */
  revoke(tokens: Pick<TokenSet, 'accessToken' | 'refreshToken'> | undefined): Promise<void>
}

/** How long an answer is given again, in ms. */
const againMs = 60_000

/** Creates the identity side. Throws a `TypeError` for an issuer that is not https, and for addresses that are none. */
export function createOAuth(options: OAuthOptions): OAuth {
  const issuer = createIssuer(options)
  const redirectUri = new URL(options.redirectUri)
  const roundTrip = createRoundTrip(options)
  const answers = new Map<string, Promise<SignedIn>>()

  return {
    async authorize(asked = {}) {
      const { navigate = toPage, returnTo } = asked
      roundTrip.placeOf(returnTo)
      const url = await signInUrl(issuer, roundTrip, options, asked)
      navigate(url)
      return url
    },
    async handleCallback(url = globalThis.location?.href) {
      const answer = answerIn(url, redirectUri)
      if (answer === undefined) return undefined
      const { state } = answer
      let signedIn = answers.get(state)
      if (signedIn === undefined) {
        const forget = (): boolean => answers.delete(state)
        signedIn = signInBy(answer, issuer, roundTrip, options.redirectUri)
        answers.set(state, signedIn)
        // A signal keeps no process alive.
        signedIn.then(() => {
          AbortSignal.timeout(againMs).addEventListener('abort', forget)
        }, forget)
      }
      return signedIn
    },
    async refresh({ tokens: { refreshToken }, signal }) {
      if (refreshToken === undefined) throw failure('The issuer gave no refresh token', 'rejected')
      return issuer.tokensBy('refresh_token', { refresh_token: refreshToken }, signal)
    },
    exchange: (asked) => exchangeAt(issuer, asked),
    async revoke(tokens) {
      answers.clear()
      const { refreshToken, accessToken } = tokens ?? {}
      const token = refreshToken ?? accessToken
      const hint = refreshToken ? 'refresh_token' : 'access_token'
      // Nobody waits for it, and nothing depends on it.
      if (token) await issuer.revoke(token, hint).catch(() => {})
    },
  }
}

function toPage(url: URL): void {
  if (typeof document !== 'undefined') location.assign(url)
}
