import {
  askForTokens,
  isReauthError,
  isSecureUrl,
  parseTokenResponse,
  readTokenAnswer,
  RefreshError,
  type RefreshFailureReason,
  tokenError,
  type TokenSet,
} from '@reauth/core'
import * as oauth from 'oauth4webapi'

import type { OAuthOptions } from './oauth-options.ts'

/** What every request of oauth4webapi takes. */
interface Sending {
  readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: true
  readonly signal: AbortSignal
}

/** How an answer of the token endpoint is judged. */
interface Judging {
  /** The error codes that are verdicts on what was presented. @default ['invalid_grant'] */
  readonly verdicts?: readonly string[]
  readonly process?: (
    server: oauth.AuthorizationServer,
    client: oauth.Client,
    response: Response,
  ) => Promise<oauth.TokenEndpointResponse>
}

/** The issuer, as far as the grants need it. */
export interface Issuer {
  readonly client: oauth.Client
  /** Returns an address that may be asked. Throws a `TypeError` for any other. */
  endpoint(address: string | URL | undefined): URL
  /** Reads the metadata, once; a failure is not remembered. */
  discover(): Promise<oauth.AuthorizationServer>
  /** The key that tokens are bound to, if they are. */
  key(): Promise<oauth.DPoPHandle | undefined>
  /** Asks for tokens. Rejects with a `RefreshError` that says what happened. */
  tokensBy(grantType: string, parameters: Values, signal: AbortSignal, judging?: Judging): Promise<TokenSet>
  /** Says that a token is over, also when the page goes away meanwhile; no answer says more. */
  revoke(token: string, hint: string): Promise<unknown>
}

/**
 * How far the clock of a machine may be off, in seconds. The ID token comes from the issuer itself over TLS, with the
 * nonce of this sign-in: its times guard against nothing that these do not.
 */
const clockToleranceS = 43_200

/** How long all wait for the metadata, in ms, before somebody tries again; and for what nothing depends on. */
const patienceMs = 10_000

const who = 'The issuer'

/** Throws a `TypeError` for an issuer that is not https, unless it is on loopback and that is allowed. */
export function createIssuer(options: OAuthOptions): Issuer {
  const { clientAuth = oauth.None(), allowInsecureRequests = false } = options
  const identifier = endpoint(options.issuer)
  const client: oauth.Client = { client_id: options.clientId, [oauth.clockTolerance]: clockToleranceS }
  let discovery: Promise<oauth.AuthorizationServer> | undefined

  function endpoint(address: string | URL | undefined): URL {
    const url = new URL(address ?? '')
    if (url.protocol === 'https:' || (allowInsecureRequests && isSecureUrl(url))) return url
    throw new TypeError(`${url.origin} is not https; allowInsecureRequests is for loopback`)
  }

  const sending = (signal: AbortSignal, init?: RequestInit): Sending => ({
    async [oauth.customFetch](url, given) {
      endpoint(url)
      const response = await askForTokens(who, () => (options.fetch ?? fetch)(url, { ...given, ...init }))
      const json = await readTokenAnswer(who, response)
      // Whatever type it was sent with, it is JSON; null is as good as absent.
      return new Response(
        JSON.stringify(json || {}, (_, value: unknown) => value ?? undefined),
        {
          status: json ? response.status : 200,
          headers: {
            'content-type': 'application/json',
            'dpop-nonce': response.headers.get('dpop-nonce') ?? '',
          },
        },
      )
    },
    // Which of them are is for `endpoint` to say.
    [oauth.allowInsecureRequests]: true,
    signal,
  })

  async function readMetadata(): Promise<oauth.AuthorizationServer> {
    try {
      const response = await oauth.discoveryRequest(identifier, sending(AbortSignal.timeout(patienceMs)))
      return await oauth.processDiscoveryResponse(identifier, response)
    } catch (cause) {
      discovery = undefined
      throw (cause as { code?: string }).code === oauth.JSON_ATTRIBUTE_COMPARISON
        ? failure(`${who} has another name`, 'misconfigured', cause)
        : failure(`${who} cannot be reached`, 'unavailable', cause)
    }
  }

  const discover = (): Promise<oauth.AuthorizationServer> => (discovery ??= readMetadata())

  async function key(): Promise<oauth.DPoPHandle | undefined> {
    try {
      return await options.dpop?.handle()
    } catch (cause) {
      throw failure('The key of the tokens cannot be read', 'unavailable', cause)
    }
  }

  async function tokensBy(
    grantType: string,
    parameters: Values,
    signal: AbortSignal,
    judging: Judging = {},
    isRepeat = false,
  ): Promise<TokenSet> {
    const server = await discover()
    const DPoP = await key()
    const form = setAll(new URLSearchParams(), parameters)
    let answer: Response | undefined
    try {
      const asked = { ...sending(signal), DPoP } as oauth.TokenEndpointRequestOptions
      answer = await oauth.genericTokenEndpointRequest(server, client, clientAuth, grantType, form, asked)
      const result = await (judging.process ?? oauth.processGenericTokenEndpointResponse)(server, client, answer)
      // Whoever sets a key relies on it (RFC 9449, section 5).
      if (DPoP && result.token_type !== 'dpop') {
        throw failure(`${who} gave a token that is not bound to the key`, 'misconfigured', undefined, true)
      }
      return parseTokenResponse(result)
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) {
        const isNonce = DPoP && oauth.isDPoPNonceError(error)
        if (isNonce && !isRepeat) return tokensBy(grantType, parameters, signal, judging, true)
        // A nonce that is not taken at the second try either is none of ours.
        throw tokenError(who, isNonce ? 'slow_down' : error.error, judging.verdicts)
      }
      if (isReauthError(error)) throw error
      const { code } = error as { code?: string }
      const what = answer ? 'gave what is no token set' : 'cannot be asked'
      // Not with the error itself: oauth4webapi keeps the answer in it, and half of a wrong answer may be a right token.
      throw failure(`${who} ${what}${code ? ` (${code})` : ''}`, 'misconfigured', { code }, answer !== undefined)
    }
  }

  return {
    client,
    endpoint,
    discover,
    key,
    tokensBy,
    async revoke(token, hint) {
      return oauth.revocationRequest(await discover(), client, clientAuth, token, {
        ...sending(AbortSignal.timeout(patienceMs), { keepalive: true }),
        additionalParameters: { token_type_hint: hint },
      })
    },
  }
}

/** Parameters by their names; those that are undefined are none. */
type Values = Readonly<Record<string, string | undefined>>

export function setAll(parameters: URLSearchParams, values: Values): URLSearchParams {
  for (const [name, value] of Object.entries(values)) if (value !== undefined) parameters.set(name, value)
  return parameters
}

/** What ended before anything was sent, unless it says so. */
export function failure(message: string, reason: RefreshFailureReason, cause?: unknown, sent = false): RefreshError {
  return new RefreshError(message, { reason, sent, cause })
}
