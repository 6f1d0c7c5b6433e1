import type { RefreshError, TokenSet } from '@reauth/core'
import * as oauth from 'oauth4webapi'

import { OAuthCallbackError } from './callback-error.ts'
import type { Issuer } from './issuer.ts'
import type { Pending, RoundTrip } from './round-trip.ts'

/** An answer to a sign-in. */
export interface Answer {
  readonly url: URL
  readonly state: string
}

/** Returns the answer that a page was opened with; undefined for any other page. */
export function answerIn(address: string | URL | undefined, redirectUri: URL): Answer | undefined {
  if (!URL.canParse(String(address))) return undefined
  const url = new URL(address as string)
  const { searchParams: given } = url
  const state = given.get('state')
  if (state === null || !(given.has('code') || given.has('error'))) return undefined
  const isThere = (['protocol', 'host', 'pathname'] as const).every((part) => url[part] === redirectUri[part])
  return isThere && Array.from(redirectUri.searchParams).every((pair) => given.getAll(pair[0]).includes(pair[1]))
    ? { url, state }
    : undefined
}

/** Turns an answer into tokens. */
export async function tokensFor(
  { url, state }: Answer,
  issuer: Issuer,
  roundTrip: RoundTrip,
  redirectUri: string,
): Promise<Pending & { readonly tokens: TokenSet }> {
  // Before anything is used up: where the issuer cannot be reached, it can be tried again.
  const server = await issuer.discover()
  const pending = await roundTrip.end(state)
  if (typeof pending === 'string') throw new OAuthCallbackError(pending)
  const { verifier, nonce, maxAge } = pending
  const code = codeIn(server, issuer.client, url, state)
  try {
    let claims: oauth.IDToken | undefined
    const tokens = await issuer.tokensBy({
      grantType: 'authorization_code',
      parameters: { code, redirect_uri: redirectUri, code_verifier: verifier },
      signal: AbortSignal.timeout(exchangeMs),
      async process(...given) {
        const result = await oauth.processAuthorizationCodeResponse(...given, {
          expectedNonce: nonce ?? oauth.expectNoNonce,
          ...(maxAge !== undefined && { maxAge }),
        })
        claims = oauth.getValidatedIdTokenClaims(result)
        return result
      },
    })
    // By the clock of the issuer, whatever this machine's says.
    if (claims && maxAge !== undefined && claims.iat - (claims.auth_time ?? 0) > maxAge + slackS) {
      throw new OAuthCallbackError('tampered')
    }
    return { ...pending, tokens }
  } catch (error) {
    const { reason, cause } = error as RefreshError
    if (reason === 'rejected') throw new OAuthCallbackError('stale', { cause: error })
    if (forged.includes((cause as { code?: string } | undefined)?.code)) {
      throw new OAuthCallbackError('tampered', { cause: error })
    }
    // The code may be good yet.
    if (reason === 'unavailable') await roundTrip.begin(state, pending)
    throw error
  }
}

/** What oauth4webapi says where the ID token is that of another sign-in. */
const forged: readonly unknown[] = [oauth.JWT_CLAIM_COMPARISON, oauth.JWT_TIMESTAMP_CHECK, oauth.INVALID_RESPONSE]
/** For sign-ins that took their time, in seconds. */
const slackS = 60
/** How long a code waits for its tokens. */
const exchangeMs = 30_000

function codeIn(server: oauth.AuthorizationServer, client: oauth.Client, url: URL, state: string): string {
  try {
    const [code, second] = oauth.validateAuthResponse(server, client, url, state).getAll('code')
    // Once, and not empty (RFC 6749, section 3.1).
    if (code && second === undefined) return code
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      throw new OAuthCallbackError('denied', /^[a-z_]{1,40}$/.test(error.error) ? { error: error.error } : {})
    }
  }
  throw new OAuthCallbackError('tampered')
}

/** Takes an answer out of the address bar and of the history, if it still is there. */
export function forget({ url }: Answer): void {
  if (globalThis.location?.href !== url.href) return
  const clean = new URL(url)
  for (const name of ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri'])
    clean.searchParams.delete(name)
  try {
    history.replaceState(history.state, '', clean)
  } catch {
    // Browsers have had enough after some hundred; it is used up anyway.
  }
}
