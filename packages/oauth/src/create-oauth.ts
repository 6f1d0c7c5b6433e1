import { isReauthError, type Refresh, RefreshError, type Strategy, type TokenSet } from '@reauth/core'
import { returnTo, tabStorage } from '@reauth/core/stash'
import * as oauth from 'oauth4webapi'

import { type AuthorizeOptions, signInUrl } from './authorize.ts'
import { type Answer, answerIn, forget, tokensFor } from './callback.ts'
import { exchangeAt, type ExchangeOptions } from './exchange.ts'
import { createIssuer } from './issuer.ts'
import type { OAuthOptions } from './oauth-options.ts'
import { createRoundTrip } from './round-trip.ts'

/** What a sign-in brought. */
export interface SignedIn {
  tokens: TokenSet
  /** Where the user goes on: a path of this origin. */
  returnTo?: string
}

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
   * twice at once: an answer is exchanged once, and taken out of the address bar.
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

/** Creates the identity side. Throws a `TypeError` for an issuer that is not https, and for addresses that are none. */
export function createOAuth(options: OAuthOptions): OAuth {
  const { storage = tabStorage(), trace, scope = 'openid offline_access' } = options
  const issuer = createIssuer(options)
  const redirectUri = new URL(options.redirectUri)
  const isOpenId = scope.split(' ').includes('openid')
  // An app's own scheme has no paths to return to.
  const place = redirectUri.host === '' ? undefined : returnTo({ storage, origin: redirectUri.origin, trace })
  const roundTrip = createRoundTrip(storage, trace)
  const answers = new Map<string, Promise<SignedIn>>()

  async function authorize(asked: AuthorizeOptions = {}): Promise<URL> {
    const { navigate = toPage, returnTo: path } = asked
    if (path !== undefined && place === undefined) throw new TypeError('returnTo: the redirectUri is no page')
    if (path === undefined) await place?.take()
    else await keep(path)
    const url = await signInUrl(issuer, roundTrip, { ...options, scope }, asked)
    navigate(url)
    return url
  }

  /** A storage that fails costs the place, not the sign-in. */
  async function keep(path: string): Promise<void> {
    try {
      await place?.save(path)
    } catch (error) {
      if (error instanceof TypeError) throw error
    }
  }

  async function take(answer: Answer): Promise<SignedIn> {
    try {
      const tokens = await tokensFor(answer, issuer, roundTrip, { redirectUri: String(options.redirectUri), isOpenId })
      const path = await place?.take()
      forget(answer)
      return { tokens, ...(path !== undefined && { returnTo: path }) }
    } catch (error) {
      const mayWork = isReauthError(error) && error.name === 'RefreshError' && error.reason === 'unavailable'
      if (mayWork) answers.delete(answer.state)
      else forget(answer)
      throw error
    }
  }

  return {
    authorize,
    async handleCallback(url = globalThis.location?.href) {
      const answer = answerIn(url, redirectUri)
      if (answer === undefined) return undefined
      let taken = answers.get(answer.state)
      if (taken === undefined) {
        taken = take(answer)
        answers.set(answer.state, taken)
      }
      return taken
    },
    async refresh({ tokens: { refreshToken }, signal }) {
      if (refreshToken === undefined) throw new RefreshError('The issuer gave no refresh token', { reason: 'rejected' })
      const { client, auth } = issuer
      return issuer.tokensBy({
        signal,
        send: (server, sending) => oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, sending),
        process: oauth.processRefreshTokenResponse,
      })
    },
    exchange: (asked) => exchangeAt(issuer, asked),
    async revoke(tokens) {
      const token = tokens?.refreshToken ?? tokens?.accessToken
      if (token === undefined) return
      try {
        const server = await issuer.discover()
        if (server.revocation_endpoint === undefined) return
        const hint = tokens?.refreshToken === undefined ? 'access_token' : 'refresh_token'
        await oauth.revocationRequest(server, issuer.client, issuer.auth, token, {
          ...issuer.sending,
          additionalParameters: { token_type_hint: hint },
        })
      } catch {
        // Nobody waits for it, and nothing depends on it.
      }
    },
  }
}

function toPage(url: URL): void {
  if (typeof document !== 'undefined') location.assign(url)
}
