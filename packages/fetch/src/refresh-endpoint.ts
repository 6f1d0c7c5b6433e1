import { isReauthError, isSecureUrl, parseTokenResponse, type Refresh, RefreshError, type TokenSet } from '@reauth/core'

import { sendBare } from './bare-fetch.ts'
import { discard } from './body.ts'
import { urlOf } from './destination.ts'
import { retryAfterMs } from './retry-after.ts'

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
  const address = urlOf(url)
  const page = (globalThis.location as Location | undefined)?.origin
  if (!isSecureUrl(address) && address.origin !== page) {
    throw new TypeError(`refreshEndpoint("${address.origin}") is not https: tokens would travel in the clear`)
  }
  return async ({ tokens, signal }) => {
    const [content, headers] = encode(body(tokens), options.headers)
    const response = await send(options.fetch, address, {
      method: 'POST',
      headers,
      cache: 'no-store',
      // A redirect could carry the refresh token to another origin.
      redirect: 'manual',
      signal,
      ...(content !== undefined && { body: content }),
      ...(credentials && { credentials }),
    })
    const json = await readJson(response)
    if (response.ok) return parsed(parse, json)
    const isRejected = [401, 403].includes(response.status) || errorOf(json) === 'invalid_grant'
    throw new RefreshError(`The refresh endpoint answered ${response.status} ${errorOf(json) ?? ''}`.trimEnd(), {
      reason: isRejected ? 'rejected' : 'misconfigured',
    })
  }
}

const defaultBody = ({ refreshToken }: TokenSet): Record<string, unknown> | undefined =>
  refreshToken === undefined ? undefined : { refresh_token: refreshToken }

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

/** Codes of failures that come before the first byte leaves, where the runtime tells (Node). */
const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

async function send(fetch: typeof globalThis.fetch | undefined, address: URL, init: RequestInit): Promise<Response> {
  if ((globalThis.navigator as Navigator | undefined)?.onLine === false) {
    throw new RefreshError('This machine is offline', { reason: 'unavailable', sent: false })
  }
  try {
    return await sendBare(address, init, fetch)
  } catch (cause) {
    const code = (cause as { cause?: { code?: string } }).cause?.code
    const isUnsent = code !== undefined && unsent.includes(code)
    throw new RefreshError(
      isUnsent ? 'The refresh endpoint cannot be reached' : 'The refresh endpoint gave no answer',
      {
        reason: isUnsent ? 'unavailable' : 'lost',
        ...(isUnsent && { sent: false }),
        cause,
      },
    )
  }
}

/** Returns what an answer holds; throws where it is not the endpoint that speaks, or where it asks for patience. */
async function readJson(response: Response): Promise<unknown> {
  const { status, headers } = response
  if (status === 204) return undefined
  const isBusy = status === 408 || status === 425 || status === 429 || status >= 500
  const isVerdict = status === 401 || status === 403
  if (isBusy || status < 200 || (status >= 300 && status < 400)) {
    discard(response)
    throw new RefreshError(`The refresh endpoint answered ${status || 'with a redirect'}`, {
      reason: 'unavailable',
      sent: true,
      retryAfterMs: retryAfterMs(headers.get('retry-after')),
    })
  }
  const text = await response.text().catch((cause: unknown) => {
    if (isVerdict) return ''
    throw new RefreshError('The answer of the refresh endpoint broke off', { reason: 'lost', sent: true, cause })
  })
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Its text is not the cause: it may be anybody's, a captive portal's say.
    if (isVerdict) return undefined
    throw new RefreshError('Not the refresh endpoint answered: it was no JSON', { reason: 'unavailable', sent: true })
  }
}

/** An error code of RFC 6749, section 5.2, and nothing else that an answer may hold. */
function errorOf(json: unknown): string | undefined {
  const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined
}

function parsed(parse: (json: unknown) => TokenSet, json: unknown): TokenSet {
  try {
    return parse(json)
  } catch (cause) {
    if (isReauthError(cause)) throw cause
    throw new RefreshError('The answer of the refresh endpoint is no token set', { reason: 'misconfigured', cause })
  }
}
