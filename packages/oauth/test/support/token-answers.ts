import { type Asked, idToken, tokenAnswer } from './scripted-issuer.ts'

/** What becomes of a refresh: tokens that match, or a `RefreshError` with just these members. */
type Outcome =
  | { readonly tokens: Readonly<Record<string, unknown>>; readonly error?: undefined }
  | { readonly tokens?: undefined; readonly error: Readonly<Record<string, unknown>> }

/** One answer of a token endpoint, and what it is. */
export type TokenAnswerCase = readonly [title: string, answer: (asked: Asked) => Response | Promise<Response>, Outcome]

/** The time of the machine in this corpus: what a date in `Retry-After` is counted from. */
export const nowMs = Date.UTC(2030, 0, 1, 12)

const good = { accessToken: 'at-secret-new', tokenType: 'bearer', refreshToken: 'rt-secret-new', expiresInMs: 300_000 }
const gives = (changes: Readonly<Record<string, unknown>> = {}): Outcome => ({ tokens: { ...good, ...changes } })
const fails = (reason: string, told: Readonly<Record<string, unknown>> = { sent: true }): Outcome => ({
  error: { reason, ...told },
})
const misconfigured = fails('misconfigured')
const unavailable = fails('unavailable')
const rejected = fails('rejected')

const secrets = { access_token: 'at-secret-new', refresh_token: 'rt-secret-new' }

/** A 200 whose JSON is that of a good answer with changes. */
const ok = (changes: Readonly<Record<string, unknown>> = {}) => {
  return (): Response => Response.json(tokenAnswer({ ...secrets, ...changes }))
}

/** A 200 whose body is this text. */
const said = (text: string | Uint8Array<ArrayBuffer> | null, type = 'application/json') => {
  return (): Response => new Response(text, { headers: { 'content-type': type } })
}

const answered = (status: number, text: string | null = null, headers: Readonly<Record<string, string>> = {}) => {
  return (): Response => new Response(text, { status, headers })
}

const refused = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  answered(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })

/** An error of RFC 6749, section 5.2, with tokens where none belong. */
const oauthError = (error: unknown, status = 400) =>
  refused(status, { error, error_description: 'rt-secret-old is at-secret-new', ...secrets })

const html = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  answered(status, '<!doctype html><p>rt-secret-old', { 'content-type': 'text/html', ...headers })

/** What Node's fetch throws where a connection fails. */
const fetchFailed = (code?: string) => async (): Promise<never> => {
  throw new TypeError('fetch failed', code === undefined ? {} : { cause: Object.assign(new Error(code), { code }) })
}

/** A body that ends before its time. */
const brokenOff = (status: number) => (): Response => {
  const chunks = [JSON.stringify(tokenAnswer(secrets)).slice(0, 40)]
  const body = new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift()
      if (chunk === undefined) controller.error(new TypeError('terminated'))
      else controller.enqueue(new TextEncoder().encode(chunk))
    },
  })
  return new Response(body, { status, headers: { 'content-type': 'application/json' } })
}

const aborted = async ({ signal }: Asked): Promise<never> => {
  throw signal?.reason ?? new DOMException('This operation was aborted', 'AbortError')
}

const utf8 = new TextEncoder()
const waits = (retryAfterMs: number | undefined): Outcome => fails('unavailable', { sent: true, retryAfterMs })
const foreign = (claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string =>
  idToken({ sub: 'alice-secret', iat: nowMs / 1000, exp: nowMs / 1000 + 3600, ...claims }, header)

export const tokenAnswers: readonly TokenAnswerCase[] = [
  // RFC 6749, section 5.1: tokens
  ['all that a good answer has', ok({ scope: 'openid chat' }), gives({ scope: 'openid chat' })],
  ['the type in small letters', ok({ token_type: 'bearer' }), gives()],
  ['the type in capitals', ok({ token_type: 'BEARER' }), gives()],
  ['the type DPoP', ok({ token_type: 'DPoP' }), gives({ tokenType: 'dpop' })],
  ['the type dpop in capitals', ok({ token_type: 'DPOP' }), gives({ tokenType: 'dpop' })],
  ['a lifetime as a text', ok({ expires_in: '300' }), gives()],
  ['a lifetime with a fraction', ok({ expires_in: 299.5 }), gives({ expiresInMs: 299_500 })],
  ['a lifetime as a text with a fraction', ok({ expires_in: '299.5' }), gives({ expiresInMs: 299_500 })],
  ['a lifetime of nothing', ok({ expires_in: 0 }), gives({ expiresInMs: 0 })],
  ['a lifetime of ages', ok({ expires_in: 1e12 }), gives({ expiresInMs: 1e15 })],
  ['no lifetime', ok({ expires_in: undefined }), gives({ expiresInMs: undefined })],
  ['a lifetime of null', ok({ expires_in: null }), gives({ expiresInMs: undefined })],
  ['no refresh token', ok({ refresh_token: undefined }), gives({ refreshToken: undefined })],
  ['a refresh token of null', ok({ refresh_token: null }), gives({ refreshToken: undefined })],
  ['the same refresh token', ok({ refresh_token: 'rt-secret-old' }), gives({ refreshToken: 'rt-secret-old' })],
  ['no scope', ok(), gives({ scope: undefined })],
  ['a scope of null', ok({ scope: null }), gives({ scope: undefined })],
  ['an empty scope', ok({ scope: '' }), gives({ scope: '' })],
  ['an ID token of null', ok({ id_token: null }), gives({ idToken: undefined })],
  ['an ID token', ok({ id_token: foreign({}) }), gives()],
  ['an ID token for several', ok({ id_token: foreign({ aud: ['app', 'api'], azp: 'app' }) }), gives()],
  ['an ID token that has just lapsed', ok({ id_token: foreign({ exp: nowMs / 1000 - 60 }) }), gives()],
  [
    'members that nobody asked for',
    ok({ issued_token_type: 'x', refresh_expires_in: 60, nested: { a: [1] } }),
    gives(),
  ],
  [
    'lower cased JSON with a charset',
    said(JSON.stringify(tokenAnswer(secrets)), 'application/json;charset=UTF-8'),
    gives(),
  ],
  ['a byte order mark before the JSON', said(utf8.encode(`\uFEFF${JSON.stringify(tokenAnswer(secrets))}`)), gives()],
  ['white space around the JSON', said(` \r\n${JSON.stringify(tokenAnswer(secrets), undefined, 2)}\n`), gives()],
  ['JSON as text/plain', said(JSON.stringify(tokenAnswer(secrets)), 'text/plain'), gives()],
  ['JSON as text/html', said(JSON.stringify(tokenAnswer(secrets)), 'text/html'), gives()],
  ['JSON of no type', () => new Response(utf8.encode(JSON.stringify(tokenAnswer(secrets)))), gives()],

  [
    'a reason phrase beyond Latin',
    () => Object.defineProperty(Response.json(tokenAnswer(secrets)), 'statusText', { value: '\u6210\u529F' }),
    gives(),
  ],

  // a 200 that is no token set
  ['no access token', ok({ access_token: undefined }), misconfigured],
  ['an access token of null', ok({ access_token: null }), misconfigured],
  ['an empty access token', ok({ access_token: '' }), misconfigured],
  ['an access token with a space', ok({ access_token: 'at secret' }), misconfigured],
  ['an access token with a line end', ok({ access_token: 'at-secret\r\nx: y' }), misconfigured],
  ['an access token that is a number', ok({ access_token: 42 }), misconfigured],
  ['an access token that is an object', ok({ access_token: { value: 'at-secret' } }), misconfigured],
  ['no type', ok({ token_type: undefined }), misconfigured],
  ['an empty type', ok({ token_type: '' }), misconfigured],
  ['a type that is a number', ok({ token_type: 1 }), misconfigured],
  ['a type that nobody knows', ok({ token_type: 'mac' }), misconfigured],
  ['a lifetime below nothing', ok({ expires_in: -1 }), misconfigured],
  ['a lifetime that is a word', ok({ expires_in: 'soon' }), misconfigured],
  ['a lifetime that is an empty text', ok({ expires_in: '' }), misconfigured],
  ['a lifetime that is an object', ok({ expires_in: { seconds: 300 } }), misconfigured],
  ['a lifetime that is a truth', ok({ expires_in: true }), misconfigured],
  [
    'a lifetime beyond numbers',
    said('{"access_token":"at-secret-new","token_type":"Bearer","expires_in":1e400}'),
    misconfigured,
  ],
  ['a lifetime beyond numbers in ms', ok({ expires_in: 1e306 }), misconfigured],
  ['an empty refresh token', ok({ refresh_token: '' }), misconfigured],
  ['a refresh token that is a number', ok({ refresh_token: 42 }), misconfigured],
  ['a refresh token that is a list', ok({ refresh_token: ['rt-secret-new'] }), misconfigured],
  ['a scope that is a list', ok({ scope: ['openid'] }), misconfigured],
  ['an ID token that is no JWT', ok({ id_token: 'secret' }), misconfigured],
  ['an ID token that is empty', ok({ id_token: '' }), misconfigured],
  ['an ID token that is an object', ok({ id_token: { sub: 'alice-secret' } }), misconfigured],
  ['an ID token whose claims are no JSON', ok({ id_token: 'eyJhbGciOiJSUzI1NiJ9.secret.secret' }), misconfigured],
  ['an encrypted ID token', ok({ id_token: 'secret.secret.secret.secret.secret' }), misconfigured],
  ['an ID token for another client', ok({ id_token: foreign({ aud: 'other' }) }), misconfigured],
  [
    'an ID token for several by another party',
    ok({ id_token: foreign({ aud: ['app', 'x'], azp: 'x' }) }),
    misconfigured,
  ],
  ['an ID token of another issuer', ok({ id_token: foreign({ iss: 'https://evil.test' }) }), misconfigured],
  ['an ID token of nobody', ok({ id_token: foreign({ sub: undefined }) }), misconfigured],
  ['an ID token that nobody signed', ok({ id_token: foreign({}, { alg: 'none' }) }), misconfigured],
  ['an ID token by a shared secret', ok({ id_token: foreign({}, { alg: 'HS256' }) }), misconfigured],
  ['an ID token that lapsed days ago', ok({ id_token: foreign({ exp: nowMs / 1000 - 200_000 }) }), misconfigured],
  [
    'an ID token with a part that has to be understood',
    ok({ id_token: foreign({}, { alg: 'RS256', crit: ['b64'] }) }),
    misconfigured,
  ],
  ['an empty object', said('{}'), misconfigured],
  ['a list', said('[]'), misconfigured],
  ['a list with the answer in it', said(JSON.stringify([tokenAnswer(secrets)])), misconfigured],
  ['null', said('null'), misconfigured],
  ['a number', said('42'), misconfigured],
  ['a text', said('"at-secret-new"'), misconfigured],
  ['an error with status 200', ok({ access_token: undefined, error: 'invalid_grant' }), misconfigured],
  ['a 204', answered(204), misconfigured],
  ['a 201 with tokens', refused(201, tokenAnswer(secrets)), misconfigured],

  // somebody else answered
  ['nothing at all', said(null), unavailable],
  ['an empty text', said(''), unavailable],
  ['a 205', answered(205), unavailable],
  ['half of the JSON', said(JSON.stringify(tokenAnswer(secrets)).slice(0, 60)), unavailable],
  ['a form', said('access_token=at-secret-new&token_type=bearer', 'application/x-www-form-urlencoded'), unavailable],
  ['the page of a captive portal', html(200), unavailable],
  ['the page of a captive portal that claims to be JSON', said('<html>rt-secret-old</html>'), unavailable],
  ['a moved endpoint', answered(301, null, { location: 'https://evil.test/token' }), unavailable],
  ['the way to a sign-in page', answered(302, null, { location: 'https://portal.test/' }), unavailable],
  ['the way to another method', answered(303, null, { location: '/' }), unavailable],
  ['nothing new', answered(304), unavailable],
  ['the way to another host', answered(307, null, { location: 'https://evil.test/token' }), unavailable],
  ['a moved endpoint, for good', answered(308, null, { location: 'https://evil.test/token' }), unavailable],
  ['a redirect as pages see it', () => Response.error(), unavailable],

  // RFC 6749, section 5.2: errors
  ['invalid_grant', oauthError('invalid_grant'), rejected],
  ['invalid_grant with status 401', oauthError('invalid_grant', 401), rejected],
  ['invalid_grant with status 403', oauthError('invalid_grant', 403), rejected],
  [
    'invalid_grant as text/plain',
    answered(400, '{"error":"invalid_grant"}', { 'content-type': 'text/plain' }),
    rejected,
  ],
  ['invalid_request', oauthError('invalid_request'), misconfigured],
  ['invalid_client', oauthError('invalid_client'), misconfigured],
  ['unauthorized_client', oauthError('unauthorized_client'), misconfigured],
  ['unsupported_grant_type', oauthError('unsupported_grant_type'), misconfigured],
  ['invalid_scope', oauthError('invalid_scope'), misconfigured],
  ['invalid_target', oauthError('invalid_target'), misconfigured],
  ['invalid_dpop_proof', oauthError('invalid_dpop_proof'), misconfigured],
  ['interaction_required', oauthError('interaction_required'), misconfigured],
  ['access_denied', oauthError('access_denied'), misconfigured],
  ['an error that is no code', oauthError('rt-secret-old is invalid_grant'), misconfigured],
  ['an error in capitals', oauthError('INVALID_GRANT'), misconfigured],
  ['an error that is a number', oauthError(42), misconfigured],
  ['an error that is an object', oauthError({ code: 'invalid_grant' }), misconfigured],
  ['an error that is empty', oauthError(''), misconfigured],
  ['a list of errors', refused(400, [{ error: 'invalid_grant' }]), misconfigured],
  ['temporarily_unavailable', oauthError('temporarily_unavailable'), unavailable],
  ['server_error', oauthError('server_error'), unavailable],
  ['slow_down', oauthError('slow_down'), unavailable],
  ['a 400 without a word', answered(400), unavailable],
  ['a 400 with a page', html(400), unavailable],
  [
    'a 401 with invalid_client',
    refused(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }),
    misconfigured,
  ],
  ['a 401 with a challenge and no word', answered(401, null, { 'www-authenticate': 'Basic realm="x"' }), unavailable],
  ['a 401 without a word', answered(401), unavailable],
  ['the page of a firewall', html(403), unavailable],
  ['JSON of a firewall', refused(403, { message: 'Forbidden' }), misconfigured],
  ['a page that is not there', html(404), unavailable],
  ['an endpoint that is not there', refused(404, { message: 'Not found' }), misconfigured],
  ['a method that is not there', answered(405), unavailable],

  // too much or too early
  ['a request that took too long', answered(408), unavailable],
  ['a request that came too early', answered(425), unavailable],
  ['too many requests', answered(429), waits(undefined)],
  ['too many requests for 7 seconds', answered(429, null, { 'retry-after': '7' }), waits(7000)],
  ['too many requests for no time', answered(429, null, { 'retry-after': '0' }), waits(0)],
  [
    'too many requests until a date',
    answered(429, null, { 'retry-after': new Date(nowMs + 90_000).toUTCString() }),
    waits(90_000),
  ],
  [
    'too many requests until a date that has passed',
    answered(429, null, { 'retry-after': new Date(nowMs - 90_000).toUTCString() }),
    waits(0),
  ],
  ['too many requests for a while', answered(429, null, { 'retry-after': 'a while' }), waits(undefined)],
  ['too many requests for ages', answered(429, null, { 'retry-after': '9'.repeat(400) }), waits(undefined)],
  ['too many requests, with a verdict', refused(429, { error: 'invalid_grant' }), waits(undefined)],
  ['a broken issuer', html(500), unavailable],
  ['a broken issuer, with a verdict', oauthError('invalid_grant', 500), unavailable],
  ['a broken way to the issuer', html(502), unavailable],
  ['an issuer under repair', html(503, { 'retry-after': '120' }), waits(120_000)],
  ['an issuer that is too slow', html(504), unavailable],
  ['a status of a proxy', html(522), unavailable],

  // no answer
  ['a refused connection', fetchFailed('ECONNREFUSED'), fails('unavailable', { sent: false })],
  ['a name that is not known', fetchFailed('ENOTFOUND'), fails('unavailable', { sent: false })],
  ['names that cannot be asked for', fetchFailed('EAI_AGAIN'), fails('unavailable', { sent: false })],
  ['no way to the host', fetchFailed('EHOSTUNREACH'), fails('unavailable', { sent: false })],
  ['no way to the network', fetchFailed('ENETUNREACH'), fails('unavailable', { sent: false })],
  ['a connection that takes too long', fetchFailed('UND_ERR_CONNECT_TIMEOUT'), fails('unavailable', { sent: false })],
  ['a connection that is reset', fetchFailed('ECONNRESET'), fails('lost', {})],
  ['a connection that is closed', fetchFailed('UND_ERR_SOCKET'), fails('lost', {})],
  ['headers that take too long', fetchFailed('UND_ERR_HEADERS_TIMEOUT'), fails('lost', {})],
  ['a failure that a browser does not explain', fetchFailed(), fails('lost', {})],
  ['an answer that breaks off', brokenOff(200), fails('lost', { sent: true })],
  ['a refusal that breaks off', brokenOff(400), fails('lost', { sent: true })],
  ['a server error that breaks off', brokenOff(500), unavailable],
  ['a request that is aborted', aborted, fails('lost', {})],
]
