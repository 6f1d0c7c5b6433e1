import {
  askForTokens,
  isReauthError,
  isSecureUrl,
  parseTokenResponse,
  readTokenAnswer,
  RefreshError,
  type RefreshFailureReason,
  type TokenSet,
} from '@reauth/core'
import {
  allowInsecureRequests,
  type AuthorizationResponseError,
  type AuthorizationServer,
  type Client,
  clockTolerance,
  customFetch,
  discoveryRequest,
  type DPoPHandle,
  genericTokenEndpointRequest,
  JSON_ATTRIBUTE_COMPARISON,
  None,
  processDiscoveryResponse,
  processGenericTokenEndpointResponse,
  revocationRequest,
  type TokenEndpointRequestOptions,
  validateAuthResponse,
} from 'oauth4webapi'

import { OAuthCallbackError } from './callback-error.ts'
import type { OAuthOptions } from './oauth-options.ts'

/** What every request of oauth4webapi takes. */
interface Sending {
  readonly [customFetch]: (url: string, init: object) => Promise<Response>
  readonly [allowInsecureRequests]: true
  readonly signal: AbortSignal
}

/** The issuer, as far as the grants need it. */
export interface Issuer {
  /** Returns the address of a page to sign in at. Throws a `RefreshError` for one that tokens must not depend on. */
  pageAt(address: string | undefined): URL
  /** Reads the metadata, once; a failure is not remembered. */
  discover(): Promise<AuthorizationServer>
  /** Returns the code in an answer of a server. Throws an `OAuthCallbackError` where it has none. */
  codeIn(server: AuthorizationServer, url: URL, state: string): string
  /** Asks for tokens. Rejects with a `RefreshError` that says what happened: `rejected` for `verdicts`. */
  tokensBy(grantType: string, parameters: Values, signal: AbortSignal, verdicts?: readonly string[]): Promise<TokenSet>
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
  const { clientAuth = None(), dpop } = options
  const identifier = endpoint(options.issuer)
  const client: Client = { client_id: options.clientId, [clockTolerance]: clockToleranceS }
  let discovery: Promise<AuthorizationServer> | undefined

  function endpoint(address: string | URL | undefined): URL {
    const url = new URL(address ?? '')
    if (isSecureUrl(url) && (options.allowInsecureRequests || url.protocol === 'https:')) return url
    throw new TypeError(`${url.origin} is not https; allowInsecureRequests is for loopback`)
  }

  const sending = (signal = AbortSignal.timeout(patienceMs), keepalive = false): Sending => ({
    async [customFetch](url, init) {
      endpoint(url)
      return askForTokens(who, () => (options.fetch ?? fetch)(url, { ...init, keepalive }))
    },
    // Which of them are is for `endpoint` to say.
    [allowInsecureRequests]: true,
    signal,
  })

  async function readMetadata(): Promise<AuthorizationServer> {
    return processDiscoveryResponse(identifier, await goodAnswer(await discoveryRequest(identifier, sending())))
  }

  function discover(): Promise<AuthorizationServer> {
    discovery ??= readMetadata().catch((cause: { readonly code?: string; readonly retryAfterMs?: number }) => {
      discovery = undefined
      if (cause.code === JSON_ATTRIBUTE_COMPARISON) throw misconfigured(cause)
      const { retryAfterMs } = cause
      throw new RefreshError('The issuer cannot be reached', {
        reason: 'unavailable',
        sent: false,
        retryAfterMs,
        cause,
      })
    })
    return discovery
  }

  return {
    pageAt(address) {
      try {
        return endpoint(address)
      } catch (error) {
        throw misconfigured(error)
      }
    },
    discover,
    codeIn(server, url, state) {
      try {
        const [code, second] = validateAuthResponse(server, client, url, state).getAll('code')
        // Once, and not empty (RFC 6749, section 3.1).
        if (code && second === undefined) return code
      } catch (cause) {
        const { error } = cause as Partial<AuthorizationResponseError>
        if (error) throw new OAuthCallbackError('denied', /^[a-z_]{1,40}$/.test(error) ? { error } : {})
      }
      throw new OAuthCallbackError('tampered')
    },
    async tokensBy(grantType, parameters, signal, verdicts) {
      const server = await discover()
      const form = setAll(new URLSearchParams(), parameters)

      async function ask(key?: DPoPHandle): Promise<TokenSet> {
        let answer: Response | undefined
        try {
          const asked = { ...sending(signal), DPoP: key } as TokenEndpointRequestOptions
          answer = await genericTokenEndpointRequest(server, client, clientAuth, grantType, form, asked)
          const given = await goodAnswer(answer, verdicts)
          return parseTokenResponse(await processGenericTokenEndpointResponse(server, client, given))
        } catch (error) {
          throw misconfigured(error, answer !== undefined)
        }
      }

      return dpop ? dpop.bound(ask) : ask()
    },
    async revoke(token, hint) {
      const response = await revocationRequest(await discover(), client, clientAuth, token, {
        ...sending(undefined, true),
        additionalParameters: { token_type_hint: hint },
      })
      return response.text()
    },
  }
}

/** Returns an answer that is a good one, as oauth4webapi is to see it. What is read to its end holds no connection. */
async function goodAnswer(answer: Response, verdicts?: readonly string[]): Promise<Response> {
  const json = await readTokenAnswer(who, answer, verdicts)
  // Null is as good as absent.
  const text = JSON.stringify(json, (_, value: unknown) => value ?? undefined)
  // Of its head the status alone: not every reason phrase that is sent can be given again.
  return new Response(text, { status: answer.status })
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

/**
 * Returns what no waiting will mend; an error of reauth as it is. Not with the error itself: oauth4webapi keeps the answer
 * in it, and half of a wrong answer may be a right token. Its messages have none of it; what others say, as `clientAuth`,
 * is not repeated.
 */
function misconfigured(error: unknown, sent?: boolean): Error {
  if (isReauthError(error)) return error
  const { code, message } = error as { code?: string; message: string }
  const told = code || error instanceof TypeError ? message : 'it cannot be asked'
  return failure(`The issuer: ${told}`, 'misconfigured', { code }, sent)
}
