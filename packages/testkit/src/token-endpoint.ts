import { type Exchange, parametersOf } from './exchange.ts'
import { unsignedIdToken } from './id-token.ts'
import type { IssuedTokens, Redemption } from './token-ledger.ts'

/** The answer of a token endpoint (RFC 6749, section 5.1), as JSON. */
export interface TokenResponse {
  access_token: string
  token_type: 'Bearer'
  expires_in?: number
  refresh_token?: string
  id_token?: string
}

/** What goes into an answer. */
export interface TokenResponseOptions {
  readonly issuer: string
  readonly now: () => number
  readonly expiresIn: boolean
  readonly omitRefreshToken: boolean
  readonly idToken: boolean
}

/** Returns what the issuer says of tokens. Lifetimes are whole seconds from now, as on the wire. */
export function tokenResponse(issued: IssuedTokens, options: TokenResponseOptions): TokenResponse {
  const { issuer, now, expiresIn, omitRefreshToken, idToken } = options
  const claims = { iss: issuer, sub: issued.identity, aud: 'testkit', iat: Math.floor(now() / 1000) }
  return {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    ...(expiresIn && { expires_in: Math.max(0, Math.floor((issued.expiresAt - now()) / 1000)) }),
    ...(!omitRefreshToken && { refresh_token: issued.refreshToken }),
    ...(idToken && { id_token: unsignedIdToken({ ...claims, exp: Math.floor(issued.expiresAt / 1000) }) }),
  }
}

/** The three forms of the one endpoint, each strict about its own. */
const forms: Readonly<Record<string, string | undefined>> = {
  '/token': 'application/x-www-form-urlencoded',
  '/refresh': 'application/json',
  '/cookie/refresh': undefined,
}

/** Returns whether a path is one of the token endpoint's. */
export function isTokenPath(path: string): boolean {
  return Object.hasOwn(forms, path)
}

/** Answers a token request: `redeem` decides, `describe` writes the success down. */
export function answerTokenRequest(
  exchange: Exchange,
  redeem: (refreshToken: string) => Redemption,
  describe: (issued: IssuedTokens) => TokenResponse,
): Response {
  const path = new URL(exchange.url).pathname
  if (exchange.method !== 'POST') return oauthError(405, 'invalid_request', 'The token endpoint takes POST')
  const flaw = flawOf(exchange, path)
  if (flaw !== undefined || exchange.refreshToken === undefined) {
    return flaw ?? oauthError(400, 'invalid_request', 'refresh_token is missing')
  }
  const redemption = redeem(exchange.refreshToken)
  if (!('issued' in redemption)) {
    const why = redemption.outcome === 'reused' ? 'The refresh token was used before' : 'The refresh token is not valid'
    // A broker in front of an issuer says it with a 401; the issuer itself with a 400 (RFC 6749, section 5.2).
    return oauthError(path === '/token' ? 400 : 401, 'invalid_grant', why)
  }
  const answer = describe(redemption.issued)
  return path === '/cookie/refresh' ? cookieAnswer(redemption.issued, answer) : noStore(answer)
}

/** Answers with cookies that scripts cannot read; the JSON says so, and tells the lifetime and no token. */
export function cookieAnswer(issued: IssuedTokens, { expires_in, id_token }: TokenResponse): Response {
  const answer = noStore({ cookies: true, expires_in, id_token })
  answer.headers.append('set-cookie', `access_token=${issued.accessToken}; Path=/; HttpOnly; SameSite=Lax`)
  answer.headers.append('set-cookie', `refresh_token=${issued.refreshToken}; Path=/cookie; HttpOnly; SameSite=Lax`)
  return answer
}

function flawOf(exchange: Exchange, path: string): Response | undefined {
  const form = forms[path]
  if (form === undefined) return undefined
  const type = exchange.headers['content-type']?.split(';')[0]
  if (type !== form) return oauthError(400, 'invalid_request', `The content type has to be ${form}`)
  const parameters = parametersOf(exchange)
  if (parameters.getAll('refresh_token').length > 1) {
    return oauthError(400, 'invalid_request', 'refresh_token is given twice')
  }
  if (path === '/token' && parameters.get('grant_type') !== 'refresh_token') {
    return oauthError(400, 'unsupported_grant_type', 'grant_type has to be refresh_token')
  }
  return undefined
}

function oauthError(status: number, error: string, description: string): Response {
  return noStore({ error, error_description: description }, status)
}

function noStore(body: object, status = 200): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
