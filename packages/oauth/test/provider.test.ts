import { createSession, memoryStorage, type Session, type TokenSet } from '@reauth/core'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createDpop } from '../src/dpop.ts'
import { createOAuth, type OAuth } from '../src/create-oauth.ts'
import type { OAuthOptions } from '../src/oauth-options.ts'
import { clientId, exchangeType, type ProviderOptions, type ServedProvider, serveProvider } from './support/provider.ts'
import { visit } from './support/visit.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'

interface World {
  readonly provider: ServedProvider
  readonly oauth: OAuth
  /** Signs in through the whole round trip. */
  signIn(as?: string): Promise<TokenSet>
}

async function createWorld(
  options: Partial<OAuthOptions> = {},
  issuing: Partial<ProviderOptions> = {},
): Promise<World> {
  const provider = await serveProvider({ redirectUris: [redirectUri], ...issuing })
  onTestFinished(() => provider.close())
  const oauth = createOAuth({
    issuer: provider.origin,
    clientId,
    redirectUri,
    storage: memoryStorage(),
    allowInsecureRequests: true,
    ...options,
  })
  return {
    provider,
    oauth,
    async signIn(as = 'alice') {
      const url = await oauth.authorize({ parameters: { login_hint: as } })
      const signedIn = await oauth.handleCallback(await visit(url))
      if (signedIn === undefined) throw new Error('The callback brought nothing')
      return signedIn.tokens
    },
  }
}

async function userOf(session: Session, { provider }: World): Promise<unknown> {
  const { accessToken } = await session.acquire()
  const response = await fetch(`${provider.origin}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
  return response.json()
}

describe('at the real authorization server', () => {
  it('a sign-in brings tokens, whose they are, and where the user goes on', async () => {
    const { oauth } = await createWorld()
    const url = await oauth.authorize({ returnTo: '/notes?draft=1#end', parameters: { login_hint: 'alice' } })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const signedIn = await oauth.handleCallback(await visit(url))
    expect(signedIn?.returnTo).toBe('/notes?draft=1#end')
    expect(signedIn?.tokens).toMatchObject({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      idToken: expect.any(String),
      expiresInMs: 300_000,
    })
  })

  it('a session refreshes, and its refresh token rotates', async () => {
    const world = await createWorld()
    const session = createSession({
      refresh: world.oauth.refresh,
      issuer: world.provider.origin,
      origins: [world.provider.origin],
    })
    const tokens = await world.signIn()
    await session.signIn(tokens)
    expect(session.state).toMatchObject({ identity: expect.stringContaining('alice') })
    await session.refresh()
    expect((await session.tokens())?.refreshToken).not.toBe(tokens.refreshToken)
    expect(await userOf(session, world)).toEqual({ sub: 'alice' })
    expect(world.provider.grants).toMatchObject({ refresh_token: 1 })
  })

  it('a session survives twenty restarts with one refresh each, whoever asks for it', async () => {
    const world = await createWorld()
    const { oauth, provider } = world
    const storage = memoryStorage()
    const open = (): Session => createSession({ refresh: oauth.refresh, storage, origins: [provider.origin] })
    const first = open()
    await first.signIn(await world.signIn())
    await first[Symbol.asyncDispose]()
    for (let restart = 1; restart <= 20; restart++) {
      const session = open()
      // One after the other, as a page is reloaded.
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all([session.refresh(), session.refresh(), session.refresh()])
      expect([session.state.status, provider.grants['refresh_token']]).toEqual(['active', restart])
      // oxlint-disable-next-line no-await-in-loop
      await session[Symbol.asyncDispose]()
    }
    expect(provider).toMatchObject({ reuseDetected: 0, grants: { authorization_code: 1 } })
  })

  it('an exchange goes on where the refresh token was rejected', async () => {
    const world = await createWorld()
    const { oauth, provider } = world
    const exchange = oauth.exchange({ subjectToken: async () => 'for-alice', scope: 'openid' })
    const session = createSession({ refresh: [oauth.refresh, exchange], origins: [provider.origin] })
    await session.signIn(await world.signIn())
    provider.endGrantsOf('alice')
    const credential = await session.refresh()
    expect(credential.version).toBe(2)
    expect(provider.grants).toMatchObject({ [exchangeType]: 1 })
    expect(provider.grants['refresh_token']).toBeUndefined()
  })

  it('revoked tokens are over', async () => {
    const world = await createWorld()
    const tokens = await world.signIn()
    await world.oauth.revoke(tokens)
    const refresh = world.oauth.refresh({ tokens, reason: 'asked', signal: new AbortController().signal })
    await expect(refresh).rejects.toMatchObject({ name: 'RefreshError', reason: 'rejected' })
  })

  it('a step-up signs in more strongly, and the session goes on meanwhile', async () => {
    const world = await createWorld()
    const session = createSession({ refresh: world.oauth.refresh, origins: [world.provider.origin] })
    await session.signIn(await world.signIn())
    const url = await world.oauth.authorize({
      acrValues: ['urn:second-factor'],
      maxAge: 60,
      prompt: 'login consent',
      parameters: { login_hint: 'alice' },
    })
    expect(await userOf(session, world)).toEqual({ sub: 'alice' })
    const signedIn = await world.oauth.handleCallback(await visit(url))
    await session.signIn(signedIn?.tokens as TokenSet)
    const claims = JSON.parse(
      Buffer.from(signedIn?.tokens.idToken?.split('.')[1] ?? '', 'base64url').toString(),
    ) as object
    expect(claims).toMatchObject({ acr: 'urn:second-factor', sub: 'alice' })
    expect(session.state).toMatchObject({ epoch: 1, version: 2 })
  })

  it('tokens are bound to a key, and nonces cost one repeat each', async () => {
    const dpop = createDpop({ name: 'test' })
    const world = await createWorld({ dpop }, { requiresNonce: true })
    const { provider, oauth } = world
    const session = createSession({ refresh: oauth.refresh, origins: [provider.origin] })
    await session.signIn(await world.signIn())
    const credential = await session.refresh()
    expect(credential.tokenType).toBe('DPoP')
    const request = new Request(`${provider.origin}/me`)
    // As after a reload: the key is there, and no nonce.
    const { attach } = createDpop({ name: 'test' })
    const challenge = await fetch(await attach(request, credential))
    expect(challenge.status).toBe(401)
    const response = await fetch(await attach(request, credential, challenge))
    expect([response.status, await response.json()]).toEqual([200, { sub: 'alice' }])
    expect(session.state).toMatchObject({ version: 2 })
  })

  it('a callback that is handled twice at once exchanges its code once', async () => {
    const { oauth, provider } = await createWorld()
    const callback = await visit(await oauth.authorize({ parameters: { login_hint: 'alice' } }))
    const [one, two] = await Promise.all([oauth.handleCallback(callback), oauth.handleCallback(callback)])
    expect(one).toBe(two)
    expect(provider.grants).toEqual({ authorization_code: 1 })
  })

  it('a user who says no is told apart from all that is wrong', async () => {
    const { oauth } = await createWorld()
    const callback = await visit(await oauth.authorize({ parameters: { login_hint: 'nobody' } }))
    await expect(oauth.handleCallback(callback)).rejects.toMatchObject({
      name: 'OAuthCallbackError',
      reason: 'denied',
      error: 'access_denied',
    })
  })
})
