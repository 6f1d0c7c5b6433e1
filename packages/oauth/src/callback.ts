import { isReauthError, type TokenSet } from '@reauth/core'
import * as oauth from 'oauth4webapi'

import { OAuthCallbackError } from './callback-error.ts'
import type { Issuer } from './issuer.ts'
import type { RoundTrip } from './round-trip.ts'

/** An answer to a sign-in. */
export interface Answer {
  readonly url: URL
  readonly state: string
}

/** Returns the answer that a page was opened with; undefined for any other page. */
export function answerIn(address: string | URL | undefined, redirectUri: URL): Answer | undefined {
  if (address === undefined || !URL.canParse(String(address))) return undefined
  const url = new URL(address)
  const isThere = url.origin === redirectUri.origin && url.protocol === redirectUri.protocol
  const { searchParams } = url
  const state = searchParams.get('state')
  const isAnswer = state !== null && (searchParams.has('code') || searchParams.has('error'))
  return isThere && isAnswer && url.pathname === redirectUri.pathname ? { url, state } : undefined
}

/** Turns an answer into tokens. */
export async function tokensFor(
  { url, state }: Answer,
  issuer: Issuer,
  roundTrip: RoundTrip,
  { redirectUri, isOpenId }: { readonly redirectUri: string; readonly isOpenId: boolean },
): Promise<TokenSet> {
  const { client, auth } = issuer
  // Before anything is used up: where the issuer cannot be reached, it can be tried again.
  const server = await issuer.discover()
  const pending = await roundTrip.end(state)
  if (typeof pending === 'string') throw new OAuthCallbackError(pending)
  const parameters = checked(server, client, url, state)
  const { verifier, nonce, maxAge } = pending
  try {
    return await issuer.tokensBy({
      send: (_, options) =>
        oauth.authorizationCodeGrantRequest(server, client, auth, parameters, redirectUri, verifier, options),
      async process(...given) {
        const result = await oauth.processAuthorizationCodeResponse(...given)
        const { iat = 0, auth_time: signedInAt = iat } = oauth.getValidatedIdTokenClaims(result) ?? {}
        // By the clock of the issuer, whatever this machine's says.
        if (maxAge !== undefined && iat - signedInAt > maxAge + slackS) throw new OAuthCallbackError('tampered')
        return result
      },
      checks: {
        expectedNonce: isOpenId ? nonce : oauth.expectNoNonce,
        requireIdToken: isOpenId,
        ...(maxAge !== undefined && { maxAge }),
      },
    })
  } catch (error) {
    if (!isReauthError(error) || error.name !== 'RefreshError') throw error
    if (error.reason === 'rejected') throw new OAuthCallbackError('stale', { cause: error })
    if (forged.includes((error.cause as { code?: string } | undefined)?.code)) {
      throw new OAuthCallbackError('tampered', { cause: error })
    }
    // The code may be good yet.
    if (error.reason === 'unavailable') await roundTrip.begin(state, pending)
    throw error
  }
}

/** What oauth4webapi says where the ID token is that of another sign-in. */
const forged: readonly unknown[] = [oauth.JWT_CLAIM_COMPARISON, oauth.JWT_TIMESTAMP_CHECK, oauth.INVALID_RESPONSE]
/** For sign-ins that took their time, in seconds. */
const slackS = 60

function checked(server: oauth.AuthorizationServer, client: oauth.Client, url: URL, state: string): URLSearchParams {
  try {
    const parameters = oauth.validateAuthResponse(server, client, url, state)
    // Once, and not empty (RFC 6749, section 3.1).
    if (parameters.getAll('code').join() === parameters.get('code') && parameters.get('code') !== '') return parameters
    throw new OAuthCallbackError('tampered')
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) throw new OAuthCallbackError('tampered')
    throw new OAuthCallbackError('denied', /^[a-z_]{1,40}$/.test(error.error) ? { error: error.error } : {})
  }
}

/** Takes an answer out of the address bar and of the history, if it still is there. */
export function forget({ url }: Answer): void {
  if (globalThis.location?.href !== url.href) return
  const clean = new URL(url)
  for (const name of ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri'])
    clean.searchParams.delete(name)
  history.replaceState(history.state, '', clean)
}
