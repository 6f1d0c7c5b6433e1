import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
} from 'oauth4webapi'

import { type Issuer, setAll } from './issuer.ts'
import type { OAuthOptions } from './oauth-options.ts'
import type { RoundTrip } from './round-trip.ts'

/** One sign-in. */
export interface AuthorizeOptions {
  /** Where the user goes on afterwards: a path of this origin, as `location.pathname + location.search + location.hash`. */
  returnTo?: string | undefined
  /** The ways of signing in that a server asked for (`acr_values`, RFC 9470), by preference. */
  acrValues?: string | readonly string[] | undefined
  /** How old the sign-in may be at the most, in seconds. */
  maxAge?: number | undefined
  /** In the place of the option of the same name. */
  prompt?: string | undefined
  /** In addition to the option of the same name, as `login_hint`. */
  parameters?: Readonly<Record<string, string>> | undefined
  /** Goes to the issuer. @default `location.assign` in a page; elsewhere nothing, the address is returned anyway */
  navigate?: ((url: URL) => void) | undefined
}

/** Returns the address of a new sign-in, after what its answer needs was put aside. */
export async function signInUrl(
  issuer: Issuer,
  roundTrip: RoundTrip,
  options: OAuthOptions,
  { acrValues, maxAge, prompt = options.prompt, parameters, returnTo }: AuthorizeOptions,
): Promise<URL> {
  const { authorization_endpoint: endpoint, scopes_supported: offered } = await issuer.discover()
  const { clientId, redirectUri, scope = 'openid offline_access', dpop } = options
  const scopes = scope.split(' ')
  const state = generateRandomState()
  const nonce = scopes.includes('openid') ? generateRandomNonce() : undefined
  const verifier = generateRandomCodeVerifier()
  const isOffline = [scopes, offered].every((each) => each?.includes('offline_access'))
  const key = await dpop?.handle()
  const url = issuer.pageAt(endpoint)
  setAll(url.searchParams, {
    ...options.parameters,
    ...parameters,
    response_type: 'code',
    client_id: clientId,
    redirect_uri: String(redirectUri),
    scope,
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    prompt: prompt ?? (isOffline ? 'consent' : undefined),
    acr_values: [acrValues].flat().join(' ') || undefined,
    max_age: maxAge?.toFixed(),
    dpop_jkt: await key?.calculateThumbprint(),
  })
  await roundTrip.begin(state, { verifier, nonce, maxAge, returnTo })
  return url
}
