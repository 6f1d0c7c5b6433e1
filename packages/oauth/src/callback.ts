import { claimsOf, type RefreshError, type TokenSet } from '@reauth/core'

import { OAuthCallbackError } from './callback-error.ts'
import type { Issuer } from './issuer.ts'
import type { Pending, Place, RoundTrip } from './round-trip.ts'

/** What a sign-in brought. */
export interface SignedIn extends Place {
  tokens: TokenSet
}

/** An answer to a sign-in. */
export interface Answer {
  readonly url: URL
  readonly state: string
}

/** Returns the answer that a page was opened with; undefined for any other page. */
export function answerIn(address: string | URL | undefined, redirectUri: URL): Answer | undefined {
  const url = URL.parse(String(address))
  if (url === null) return undefined
  const { searchParams } = url
  const state = searchParams.get('state')
  const [page] = redirectUri.href.split(/[?#]/, 1)
  const isOurs =
    url.href.startsWith(`${page}?`) && Array.from(redirectUri.searchParams).every((pair) => searchParams.has(...pair))
  const isAnswer = state !== null && (searchParams.has('code') || searchParams.has('error'))
  return isOurs && isAnswer ? { url, state } : undefined
}

/** Turns an answer into tokens. */
export async function signInBy(
  { url, state }: Answer,
  issuer: Issuer,
  roundTrip: RoundTrip,
  redirectUri: string | URL,
): Promise<SignedIn> {
  let pending: Pending | undefined
  let place: Place = {}
  try {
    // Before anything is used up: where the issuer cannot be reached, it can be tried again.
    const server = await issuer.discover()
    pending = await roundTrip.end(state)
    const { verifier, nonce, maxAge, returnTo } = pending
    place = placeIn(roundTrip, returnTo)
    const parameters = {
      code: issuer.codeIn(server, url, state),
      redirect_uri: String(redirectUri),
      code_verifier: verifier,
    }
    const tokens = await issuer.tokensBy('authorization_code', parameters, AbortSignal.timeout(exchangeMs))
    const claims = claimsOf(tokens.idToken)
    // By the clock of the issuer, whatever this machine's says.
    const ageS = Number(claims['iat']) - Number(claims['auth_time'])
    const isRecent = maxAge === undefined || ageS <= maxAge + slackS
    if (claims['nonce'] !== nonce || !isRecent) throw new OAuthCallbackError('tampered')
    forget(url)
    return { tokens, ...place }
  } catch (error) {
    const { reason, cause } = error as RefreshError
    if (reason !== 'unavailable') forget(url)
    // The code may be good yet.
    else if (pending) await roundTrip.begin(state, pending)
    const isForged = reason === 'misconfigured' && forged.test(String((cause as { code?: string } | undefined)?.code))
    const flaw = reason === 'rejected' ? 'stale' : isForged && 'tampered'
    const told = flaw ? new OAuthCallbackError(flaw, { cause: error }) : error
    throw told instanceof OAuthCallbackError ? Object.assign(told, place) : told
  }
}

/** What oauth4webapi says of an ID token that is not for us, or from nobody. */
const forged = /^OAUTH_(JWT_.*|INVALID_RESPONSE)$/
/** For sign-ins that took their time, in seconds. */
const slackS = 60
/** How long a code waits for its tokens. */
const exchangeMs = 30_000

/** Checked again: others may write to the storage. */
function placeIn(roundTrip: RoundTrip, returnTo: string | undefined): Place {
  try {
    return roundTrip.placeOf(returnTo)
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
