import { describe, expect, it, vi } from 'vitest'

import { createOAuth, type OAuth } from '../src/create-oauth.ts'
import { failureOf } from './support/failure-of.ts'
import { clientId, metadata, oauthAt, redirectUri, scriptedIssuer } from './support/scripted-issuer.ts'

const held = { accessToken: 'at-old', refreshToken: 'rt-old' }

async function refreshOf(oauth: OAuth): Promise<unknown> {
  return oauth.refresh({ tokens: held, reason: 'asked', signal: new AbortController().signal })
}

describe('the metadata of the issuer', () => {
  it('are read at the first use, from where OpenID Connect puts them', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer)
    expect(issuer.askedFor('discovery')).toEqual([])
    await oauth.authorize()
    const [asked] = issuer.askedFor('discovery')
    expect([asked?.method, asked?.url.href]).toEqual(['GET', 'https://id.test/.well-known/openid-configuration'])
  })

  it('of an issuer with a path are read below it', async () => {
    const asked: string[] = []
    const oauth = createOAuth({
      issuer: 'https://id.test/tenant/1',
      clientId,
      redirectUri,
      async fetch(url) {
        asked.push(String(url))
        return Response.json(metadata({ issuer: 'https://id.test/tenant/1' }))
      },
    })
    await oauth.authorize()
    expect(asked).toEqual(['https://id.test/tenant/1/.well-known/openid-configuration'])
  })

  it('are read once, whatever they are needed for', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer)
    await oauth.authorize()
    await refreshOf(oauth)
    await oauth.revoke(held)
    await oauth.authorize()
    expect(issuer.askedFor('discovery')).toHaveLength(1)
  })

  it('are read once by all who need them at once', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer)
    await Promise.all([oauth.authorize(), refreshOf(oauth), oauth.revoke(held), oauth.authorize()])
    expect(issuer.askedFor('discovery')).toHaveLength(1)
  })

  it.each([
    ['a server error', () => new Response(null, { status: 500 })],
    ['nothing that is there', () => new Response('Not found', { status: 404 })],
    ['the page of a captive portal', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['the way to a captive portal', () => new Response(null, { status: 302, headers: { location: '/portal' } })],
    ['what is no JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['an empty object', () => Response.json({})],
    [
      'no answer',
      async (): Promise<never> => {
        throw new TypeError('Failed to fetch')
      },
    ],
  ])(
    'that are %s fail all who wait for them, nothing was sent, and the next reads them again',
    async (_, discovery) => {
      const issuer = scriptedIssuer({ discovery })
      const oauth = oauthAt(issuer)
      const failures = await Promise.all([failureOf(oauth.authorize()), failureOf(refreshOf(oauth))])
      for (const failure of failures)
        expect(failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
      expect(issuer.askedFor('discovery')).toHaveLength(1)
      issuer.script.discovery = () => Response.json(metadata())
      expect(await refreshOf(oauth)).toMatchObject({ accessToken: 'at-new' })
      expect(issuer.askedFor('discovery')).toHaveLength(2)
      expect(issuer.askedFor('token')).toHaveLength(1)
    },
  )

  it.each(['https://evil.test', 'https://id.test/tenant', 'http://id.test', 'https://ID.test.evil.test'])(
    'that name %s as the issuer are misconfigured, and no token is sent',
    async (name) => {
      const issuer = scriptedIssuer({ discovery: () => Response.json(metadata({ issuer: name })) })
      expect(await failureOf(refreshOf(oauthAt(issuer)))).toMatchObject({ reason: 'misconfigured', sent: false })
      expect(issuer.askedFor('token')).toEqual([])
    },
  )

  it.each([302, 404, 429, 503])(
    'that come as a page with status %i leave no connection waiting for a reader',
    async (status) => {
      const page = new Response('<html>', { status })
      await failureOf(oauthAt(scriptedIssuer({ discovery: () => page })).authorize())
      expect(page.bodyUsed).toBe(true)
    },
  )

  it.each([429, 503])('of an issuer that is too busy (%i) say how long to leave it alone', async (status) => {
    const busy = (): Response => new Response(null, { status, headers: { 'retry-after': '7' } })
    const failure = await failureOf(refreshOf(oauthAt(scriptedIssuer({ discovery: busy }))))
    expect(failure).toMatchObject({ reason: 'unavailable', sent: false, retryAfterMs: 7000 })
  })

  it('that do not come within 10 s fail all who wait for them, and the next reads them again', async () => {
    const late = new AbortController()
    const waits = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => late.signal)
    const issuer = scriptedIssuer({
      discovery: async ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error)
          })
        }),
    })
    const oauth = oauthAt(issuer)
    const failures = Promise.all([failureOf(oauth.authorize()), failureOf(refreshOf(oauth))])
    await vi.waitUntil(() => issuer.askedFor('discovery').length > 0)
    expect(waits.mock.calls).toEqual([[10_000]])
    waits.mockRestore()
    late.abort()
    for (const failure of await failures)
      expect(failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
    issuer.script.discovery = () => Response.json(metadata())
    expect(await refreshOf(oauth)).toMatchObject({ accessToken: 'at-new' })
  })

  it('are asked for by the fetch of the moment where none is given', async () => {
    const issuer = scriptedIssuer()
    const oauth = createOAuth({ issuer: 'https://id.test', clientId, redirectUri })
    vi.stubGlobal('fetch', issuer.fetch)
    try {
      await oauth.authorize()
    } finally {
      vi.unstubAllGlobals()
    }
    expect(issuer.askedFor('discovery')).toHaveLength(1)
  })
})

describe('an issuer', () => {
  const at = (issuer: string, allowInsecureRequests?: boolean) => () =>
    createOAuth({ issuer, clientId, redirectUri, allowInsecureRequests })

  it.each(['http://id.test', 'http://localhost:3000', 'http://127.0.0.1', 'ftp://id.test', 'data:,x'])(
    'at %s is refused unless that is allowed',
    (issuer) => {
      expect(at(issuer)).toThrow(TypeError)
      expect(at(issuer)).toThrow('https')
    },
  )

  it.each([
    'http://id.test',
    'http://localhost.evil.test',
    'http://127.0.0.1.evil.test',
    'http://10.0.0.1',
    'ws://localhost',
  ])('at %s is refused even where loopback is allowed', (issuer) => {
    expect(at(issuer, true)).toThrow(TypeError)
  })

  it.each([
    'http://localhost:3000',
    'http://127.0.0.1:4000',
    'http://[::1]:4000',
    'http://id.localhost',
    'https://id.test',
  ])('at %s is taken where loopback is allowed', (issuer) => {
    expect(at(issuer, true)).not.toThrow()
  })

  it.each(['', 'id.test', '/issuer', 'https://'])('that is no address, as %j, is a TypeError', (issuer) => {
    expect(at(issuer)).toThrow(TypeError)
  })

  it('has to know where to send the user back to', () => {
    expect(() => createOAuth({ issuer: 'https://id.test', clientId, redirectUri: '/callback' })).toThrow(TypeError)
  })
})

describe('an endpoint over http elsewhere', () => {
  const insecure = 'http://id.test'

  it.each([false, true])(
    'gets no refresh token, and that is no lost answer (loopback allowed: %s)',
    async (allowInsecureRequests) => {
      const issuer = scriptedIssuer({
        discovery: () => Response.json(metadata({ token_endpoint: `${insecure}/token` })),
      })
      const failure = await failureOf(refreshOf(oauthAt(issuer, { allowInsecureRequests })))
      expect(issuer.askedFor('token')).toEqual([])
      expect(failure).toMatchObject({ name: 'RefreshError', reason: 'misconfigured', sent: false })
      expect((failure as Error).message).not.toContain('undefined')
    },
  )

  it.each([false, true])('gets no tokens to revoke (loopback allowed: %s)', async (allowInsecureRequests) => {
    const issuer = scriptedIssuer({
      discovery: () => Response.json(metadata({ revocation_endpoint: `${insecure}/revoke` })),
    })
    await oauthAt(issuer, { allowInsecureRequests }).revoke(held)
    expect(issuer.askedFor('revocation')).toEqual([])
  })

  it.each([`${insecure}/authorize`, 'javascript:alert(1)//', 'data:text/html,x'])(
    'is nowhere to send the user to: %s',
    async (endpoint) => {
      const issuer = scriptedIssuer({ discovery: () => Response.json(metadata({ authorization_endpoint: endpoint })) })
      const navigate = vi.fn<(url: URL) => void>()
      const failure = await failureOf(oauthAt(issuer, { allowInsecureRequests: true }).authorize({ navigate }))
      expect(failure).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
      expect(navigate).not.toHaveBeenCalled()
    },
  )

  it('is reached on loopback where that is allowed', async () => {
    const issuer = scriptedIssuer({
      discovery: () => Response.json(metadata({ token_endpoint: 'http://127.0.0.1:4000/token' })),
    })
    expect(await refreshOf(oauthAt(issuer, { allowInsecureRequests: true }))).toMatchObject({ accessToken: 'at-new' })
  })
})
