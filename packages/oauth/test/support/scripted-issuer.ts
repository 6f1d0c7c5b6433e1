import { createOAuth, type OAuth } from '../../src/create-oauth.ts'
import type { OAuthOptions } from '../../src/oauth-options.ts'

export const issuerUrl = 'https://id.test'
export const redirectUri = 'https://app.test/callback'
export const clientId = 'app'

/** A request as the issuer saw it. */
export interface Asked {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  /** What the form in its body says. */
  readonly form: URLSearchParams
  readonly signal: AbortSignal | undefined
  readonly keepalive: boolean
}

type Answering = (asked: Asked) => Response | Promise<Response>

/** What the issuer answers at each of its addresses; a test replaces what it is about. */
export interface Script {
  discovery: Answering
  token: Answering
  revocation: Answering
}

export interface ScriptedIssuer {
  readonly fetch: typeof fetch
  readonly script: Script
  /** What it was asked at one of its addresses, in order. */
  askedFor(endpoint: keyof Script): readonly Asked[]
}

const paths: { readonly [Path in string]: keyof Script } = {
  '/.well-known/openid-configuration': 'discovery',
  '/token': 'token',
  '/revoke': 'revocation',
}

/** The metadata of a usual issuer, with changes; a member that is undefined is left out. */
export function metadata(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    issuer: issuerUrl,
    authorization_endpoint: `${issuerUrl}/authorize?tenant=1`,
    token_endpoint: `${issuerUrl}/token`,
    revocation_endpoint: `${issuerUrl}/revoke`,
    scopes_supported: ['openid', 'offline_access'],
    ...changes,
  }
}

/** Creates an issuer that answers what a test says, behind the option `fetch`. */
export function scriptedIssuer(changes: Partial<Script> = {}): ScriptedIssuer {
  const asked: { readonly endpoint: keyof Script; readonly request: Asked }[] = []
  const script: Script = {
    discovery: () => Response.json(metadata()),
    token: () => Response.json(tokenAnswer()),
    revocation: () => new Response(),
    ...changes,
  }
  return {
    script,
    async fetch(input, init = {}) {
      const url = new URL(String(input))
      const endpoint = paths[url.pathname]
      if (endpoint === undefined) return new Response('Not found', { status: 404 })
      const request: Asked = {
        url,
        method: init.method ?? 'GET',
        headers: new Headers(init.headers),
        form: new URLSearchParams(String(init.body ?? '')),
        signal: init.signal ?? undefined,
        keepalive: init.keepalive ?? false,
      }
      asked.push({ endpoint, request })
      return script[endpoint](request)
    },
    askedFor: (endpoint) => asked.filter((each) => each.endpoint === endpoint).map(({ request }) => request),
  }
}

/** The client at a scripted issuer; a storage of its own has to be given, where it matters. */
export function oauthAt(issuer: Pick<ScriptedIssuer, 'fetch'>, options: Partial<OAuthOptions> = {}): OAuth {
  return createOAuth({ issuer: issuerUrl, clientId, redirectUri, fetch: issuer.fetch, ...options })
}

/** The body of a good answer of the token endpoint (RFC 6749, section 5.1), with changes. */
export function tokenAnswer(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { access_token: 'at-new', token_type: 'Bearer', expires_in: 300, refresh_token: 'rt-new', ...changes }
}

/** Returns an ID token of this issuer for this client, with changes; the header says RS256 and nobody looks at more. */
export function idToken(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = { alg: 'RS256' },
): string {
  const nowS = Math.floor(Date.now() / 1000)
  const all = { iss: issuerUrl, aud: clientId, sub: 'alice', iat: nowS, exp: nowS + 3600, ...claims }
  return [header, all].map((part) => encoded(JSON.stringify(part))).join('.') + '.c2lnbmF0dXJl'
}

function encoded(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Returns the name of the item in a storage that a sign-in waits in. */
export function itemOf(signIn: URL): string {
  return `reauth.oauth ${issuerUrl}/ ${clientId}:${signIn.searchParams.get('state')}`
}

/** Returns the address that a user comes back to from a sign-in. A parameter that is undefined is left out. */
export function backFrom(
  signIn: URL,
  parameters: Readonly<Record<string, string | undefined>> = { code: 'code-1' },
): URL {
  const back = new URL(redirectUri)
  const all = { state: signIn.searchParams.get('state') ?? undefined, ...parameters }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) back.searchParams.set(name, value)
  return back
}

/** Has the token endpoint answer a sign-in as it should, with the nonce of its ID token and changes to its claims. */
export function answersSignIn(
  issuer: ScriptedIssuer,
  signIn: URL,
  claims: Readonly<Record<string, unknown>> = {},
  changes: Readonly<Record<string, unknown>> = {},
): void {
  const nonce = signIn.searchParams.get('nonce')
  issuer.script.token = () => Response.json(tokenAnswer({ id_token: idToken({ nonce, ...claims }), ...changes }))
}
