import {
  askForTokens,
  isReauthError,
  isSecureUrl,
  parseTokenResponse,
  readTokenAnswer,
  type Refresh,
  RefreshError,
  resolveUrl,
  type TokenSet,
} from '@reauth/core'

import { sendBare } from './bare-fetch.ts'

export interface RefreshEndpointOptions {
  /**
   * What sends; of one of our wrappers what is under it, since a refresh through the wrapper would wait for itself.
   *
   * @default the global fetch of the moment
   */
  fetch?: typeof fetch
  headers?: HeadersInit
  /**
   * What to send; a plain object goes as JSON.
   *
   * @default `{ refresh_token }`; nothing where there is no refresh token, since a cookie has it
   */
  body?: (tokens: TokenSet) => BodyInit | Record<string, unknown> | undefined
  /** Whether cookies go along; `include` for an endpoint at another origin. */
  credentials?: RequestCredentials
  /**
   * Reads the answer; what it throws counts as `misconfigured`.
   *
   * @default parseTokenResponse
   */
  parse?: (json: unknown) => TokenSet
}

/**
 * Returns a `refresh` that posts to an endpoint of your own, which takes a refresh token as JSON or in a cookie and
 * answers as a token endpoint does (RFC 6749, section 5.1).
 *
 * `invalid_grant`, 401 and 403 are `rejected`; 429, 5xx and whatever is not JSON are `unavailable`; no answer is `lost`,
 * unless it is plain that nothing was sent; any other answer is `misconfigured`.
 *
 * Throws a `TypeError` for an address that is neither https nor loopback nor the page's own.
 */
export function refreshEndpoint(url: string | URL, options: RefreshEndpointOptions = {}): Refresh {
  const { body = defaultBody, credentials, parse = parseTokenResponse } = options
  const address = resolveUrl(url)
  const page = (globalThis.location as Location | undefined)?.origin
  if (!isSecureUrl(address) && address.origin !== page) {
    throw new TypeError(`refreshEndpoint("${address.origin}") is not https: tokens would travel in the clear`)
  }
  return async ({ tokens, signal }) => {
    const [content, headers] = encoded(() => encode(body(tokens), options.headers))
    const init: RequestInit = {
      method: 'POST',
      headers,
      cache: 'no-store',
      // A redirect could carry the refresh token to another origin.
      redirect: 'manual',
      signal,
      ...(content !== undefined && { body: content }),
      ...(credentials && { credentials }),
    }
    const response = await askForTokens(who, () => sendBare(address, init, options.fetch))
    return parsed(parse, await readTokenAnswer(who, response, ['invalid_grant', 401, 403]))
  }
}

const who = 'The refresh endpoint'

const defaultBody = ({ refreshToken }: TokenSet): Record<string, unknown> | undefined =>
  refreshToken === undefined ? undefined : { refresh_token: refreshToken }

/** Nothing was sent: the refresh token is as good as before. */
function encoded<T>(encodeIt: () => T): T {
  try {
    return encodeIt()
  } catch (cause) {
    throw new RefreshError('What the refresh endpoint is to get cannot be made', {
      reason: 'misconfigured',
      sent: false,
      cause,
    })
  }
}

function encode(
  content: BodyInit | object | undefined,
  given: HeadersInit | undefined,
): [BodyInit | undefined, Headers] {
  const headers = new Headers(given)
  if (!headers.has('accept')) headers.set('accept', 'application/json')
  const isPlain =
    typeof content === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(content) as null)
  if (!isPlain) return [content as BodyInit | undefined, headers]
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return [JSON.stringify(content), headers]
}

function parsed(parse: (json: unknown) => TokenSet, json: unknown): TokenSet {
  try {
    return parse(json)
  } catch (cause) {
    if (isReauthError(cause)) throw cause
    throw new RefreshError('The answer of the refresh endpoint is no token set', { reason: 'misconfigured', cause })
  }
}
