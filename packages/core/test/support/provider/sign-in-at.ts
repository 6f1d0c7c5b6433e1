import { createHash, randomBytes } from 'node:crypto'

import { parseTokenResponse, type TokenSet } from '../../../src/token-set.ts'
import { clientId, redirectUri } from './serve-provider.ts'

/** Goes the whole way of a sign-in, as a browser without cookies does: to the issuer, from there with a code, and back for tokens. */
export async function signInAt(issuer: string, identity: string): Promise<TokenSet> {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL('/auth', issuer)
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid offline_access',
    prompt: 'login consent',
    login_hint: identity,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const callback = await follow(url)
  const code = callback.searchParams.get('code')
  if (code === null) throw new Error(`The issuer gave no code: ${callback.searchParams.get('error_description')}`)
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  })
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body })
  return parseTokenResponse(await answer.json())
}

/** Follows redirects, with cookies, until they lead back to the client. */
async function follow(start: URL): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = start
  for (let hops = 0; hops < 10; hops++) {
    if (url.href.startsWith(redirectUri)) return url
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    // Each hop depends on the one before.
    // oxlint-disable-next-line no-await-in-loop
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    // oxlint-disable-next-line no-await-in-loop
    const page = await response.text()
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${url.pathname} answered ${response.status}: ${page.slice(0, 200)}`)
    url = new URL(location, url)
  }
  throw new Error('The issuer redirects in a circle')
}
