import type { RefreshError, TokenSet, Trace } from '@reauth/core'
import { checkedPath } from '@reauth/core/stash'
import * as oauth from 'oauth4webapi'

import { OAuthCallbackError } from './callback-error.ts'
import type { Issuer } from './issuer.ts'
import type { OAuthOptions } from './oauth-options.ts'
import type { Pending, RoundTrip } from './round-trip.ts'

/** What a sign-in brought. */
export interface SignedIn {
  tokens: TokenSet
  /** Where the user goes on: a path of this origin. */
  returnTo?: string
}

/** An answer to a sign-in. */
export interface Answer {
  readonly url: URL
  readonly state: string
}

/** Returns the answer that a page was opened with; undefined for any other page. */
export function answerIn(address: string | URL | undefined, redirectUri: URL): Answer | undefined {
  if (!URL.canParse(String(address))) return undefined
  const url = new URL(address as string)
  const { searchParams } = url
  const state = searchParams.get('state')
  const isThere = pageOf(url) === pageOf(redirectUri)
  if (!isThere || state === null || !(searchParams.has('code') || searchParams.has('error'))) return undefined
  const isOurs = Array.from(redirectUri.searchParams).every((pair) => searchParams.has(...pair))
  return isOurs ? { url, state } : undefined
}

const pageOf = ({ href }: URL): string | undefined => href.split(/[?#]/, 1)[0]

/** Turns an answer into tokens. */
export async function signInBy(
  { url, state }: Answer,
  issuer: Issuer,
  roundTrip: RoundTrip,
  { redirectUri, trace }: Pick<OAuthOptions, 'redirectUri' | 'trace'>,
): Promise<SignedIn> {
  let pending: Pending | undefined
  try {
    // Before anything is used up: where the issuer cannot be reached, it can be tried again.
    const server = await issuer.discover()
    const found = await roundTrip.end(state)
    if (typeof found === 'string') throw new OAuthCallbackError(found)
    pending = found
    const { verifier, nonce, maxAge } = pending
    let claims: oauth.IDToken | undefined
    const parameters = {
      code: codeIn(server, issuer.client, url, state),
      redirect_uri: String(redirectUri),
      code_verifier: verifier,
    }
    const tokens = await issuer.tokensBy('authorization_code', parameters, AbortSignal.timeout(exchangeMs), {
      async process(...given) {
        const result = await oauth.processAuthorizationCodeResponse(...given, {
          expectedNonce: nonce ?? oauth.expectNoNonce,
        })
        claims = oauth.getValidatedIdTokenClaims(result)
        return result
      },
    })
    // By the clock of the issuer, whatever this machine's says.
    const ageS = Number(claims?.iat) - Number(claims?.auth_time)
    if (maxAge !== undefined && !(ageS <= maxAge + slackS)) throw new OAuthCallbackError('tampered')
    forget(url)
    return { tokens, ...placeIn(pending, redirectUri, trace) }
  } catch (error) {
    const { reason, cause } = error as RefreshError
    if (reason !== 'unavailable') forget(url)
    // The code may be good yet.
    else if (pending) await roundTrip.begin(state, pending)
    if (!pending) throw error
    const isForged = forged.includes((cause as { code?: string } | undefined)?.code)
    const flaw = reason === 'rejected' ? 'stale' : isForged && 'tampered'
    const told = flaw ? new OAuthCallbackError(flaw, { cause: error }) : error
    throw told instanceof OAuthCallbackError ? Object.assign(told, placeIn(pending, redirectUri, trace)) : told
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

/** Checked again: others may write to the storage. */
function placeIn({ returnTo }: Pending, page: string | URL, trace: Trace | undefined): Pick<SignedIn, 'returnTo'> {
  try {
    return returnTo === undefined ? {} : { returnTo: checkedPath(returnTo, new URL(page).origin, trace) }
  } catch {
    return {}
  }
}

/** Takes an answer out of the address bar and of the history, if it still is there. */
function forget(url: URL): void {
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
