import { memoryStorage, parseStepUp, type TokenStorage } from '@reauth/core'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { createDpop } from '../src/dpop.ts'
import { failureOf } from './support/failure-of.ts'
import {
  answersSignIn,
  backFrom,
  issuerUrl,
  itemOf,
  metadata,
  oauthAt,
  redirectUri,
  scriptedIssuer,
} from './support/scripted-issuer.ts'

beforeEach(() => () => {
  vi.unstubAllGlobals()
})

const parametersOf = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams)

describe('a sign-in', () => {
  it('goes to the endpoint of the issuer with all that OpenID Connect and PKCE ask for', async () => {
    const url = await oauthAt(scriptedIssuer()).authorize()
    expect(url.origin + url.pathname).toBe(`${issuerUrl}/authorize`)
    expect(parametersOf(url)).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: 'openid offline_access',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      prompt: 'consent',
    })
  })

  it('without openid sends no nonce, so that an ID token that comes all the same is no other', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer, { scope: 'chat' })
    const url = await oauth.authorize()
    expect(url.searchParams.has('nonce')).toBe(false)
    answersSignIn(issuer, url, { nonce: url.searchParams.get('nonce') ?? undefined })
    expect(await oauth.handleCallback(backFrom(url))).toMatchObject({ tokens: { accessToken: 'at-new' } })
  })

  it('is never the same twice', async () => {
    const oauth = oauthAt(scriptedIssuer())
    const both = [parametersOf(await oauth.authorize()), parametersOf(await oauth.authorize())]
    for (const name of ['state', 'nonce', 'code_challenge']) expect(both[0]?.[name]).not.toBe(both[1]?.[name])
  })

  it('tells nothing of where the user goes on, nor of what is needed when the user is back', async () => {
    const storage = memoryStorage()
    const url = await oauthAt(scriptedIssuer(), { storage }).authorize({ returnTo: '/secret-place' })
    const item = String(storage.getItem(itemOf(url)))
    const { value } = JSON.parse(item) as { value: { verifier: string } }
    expect(value.verifier).toMatch(/^[\w-]{43,128}$/)
    expect(url.href).not.toContain(value.verifier)
    expect(url.href).not.toContain('secret-place')
  })

  it('takes the redirect address as it was given, as issuers compare texts', async () => {
    for (const given of ['https://app.test', 'https://APP.test/callback', 'com.example.app:/callback']) {
      const issuer = scriptedIssuer()
      const url = await oauthAt(issuer, { redirectUri: given }).authorize()
      expect(url.searchParams.get('redirect_uri')).toBe(given)
    }
  })

  it('names the key that the tokens are to be bound to', async () => {
    const dpop = createDpop({ storage: memoryStorage() })
    const url = await oauthAt(scriptedIssuer(), { dpop }).authorize()
    expect(url.searchParams.get('dpop_jkt')).toBe(await (await dpop.handle()).calculateThumbprint())
  })

  it.each([
    ['an age', { maxAge: '60' as unknown as number }],
    ['a scope', { scope: 42 as unknown as string }],
  ])('with %s of the wrong type is a TypeError: the issuer is not to blame', async (_, mistake) => {
    const { maxAge, scope }: { maxAge?: number; scope?: string } = mistake
    await expect(oauthAt(scriptedIssuer(), { scope }).authorize({ maxAge })).rejects.toBeInstanceOf(TypeError)
  })

  it('fails where the issuer has no endpoint for it', async () => {
    const issuer = scriptedIssuer({
      discovery: () => Response.json(metadata({ authorization_endpoint: undefined })),
    })
    expect(await failureOf(oauthAt(issuer).authorize())).toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
    })
  })
})

describe('consent', () => {
  const promptOf = async (scopes: unknown, scope?: string): Promise<string | null> => {
    const issuer = scriptedIssuer({ discovery: () => Response.json(metadata({ scopes_supported: scopes })) })
    return (await oauthAt(issuer, { scope }).authorize()).searchParams.get('prompt')
  }

  it('is asked for where the issuer lists offline_access and the scope has it', async () => {
    expect(await promptOf(['openid', 'offline_access'])).toBe('consent')
    expect(await promptOf(['openid', 'offline_access'], 'openid chat offline_access')).toBe('consent')
  })

  it('is not asked for where the issuer does not list it, or lists nothing', async () => {
    expect(await promptOf(['openid'])).toBeNull()
    expect(await promptOf(undefined)).toBeNull()
  })

  it('is not asked for where the scope does not have it', async () => {
    expect(await promptOf(['openid', 'offline_access'], 'openid')).toBeNull()
    expect(await promptOf(['openid', 'offline_access'], 'openid not_offline_access')).toBeNull()
  })

  it('gives way to the prompt of the client, and that to the prompt of the sign-in', async () => {
    const oauth = oauthAt(scriptedIssuer(), { prompt: 'select_account' })
    expect((await oauth.authorize()).searchParams.get('prompt')).toBe('select_account')
    expect((await oauth.authorize({ prompt: 'login consent' })).searchParams.get('prompt')).toBe('login consent')
  })
})

describe('a step-up', () => {
  it('asks for what the challenge of a server says', async () => {
    const challenge =
      'Bearer error="insufficient_user_authentication", acr_values="urn:strong urn:stronger", max_age="60"'
    const wanted = parseStepUp(new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }))
    const url = await oauthAt(scriptedIssuer()).authorize({ ...wanted, returnTo: '/transfers' })
    expect(parametersOf(url)).toMatchObject({ acr_values: 'urn:strong urn:stronger', max_age: '60' })
  })

  it.each([
    ['urn:strong', 'urn:strong'],
    ['urn:strong urn:stronger', 'urn:strong urn:stronger'],
    [['urn:strong', 'urn:stronger'], 'urn:strong urn:stronger'],
  ])('asks for %j', async (acrValues, expected) => {
    const url = await oauthAt(scriptedIssuer()).authorize({ acrValues })
    expect(url.searchParams.get('acr_values')).toBe(expected)
  })

  it.each([
    [300, '300'],
    [0, '0'],
    [59.6, '60'],
  ])('asks for a sign-in of %s seconds at the most', async (maxAge, expected) => {
    const url = await oauthAt(scriptedIssuer()).authorize({ maxAge })
    expect(url.searchParams.get('max_age')).toBe(expected)
  })

  const nowS = Math.floor(Date.now() / 1000)

  it.each([
    ['the moment', 0],
    ['as long ago as was asked for', 60],
    ['a minute longer ago, since a sign-in takes its time', 120],
  ])('takes a sign-in of %s', async (_, ageS) => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer)
    const url = await oauth.authorize({ maxAge: 60 })
    answersSignIn(issuer, url, { iat: nowS, auth_time: nowS - ageS })
    expect(await oauth.handleCallback(backFrom(url))).toBeDefined()
  })

  it.each([
    ['that was older when the ID token was made', { iat: nowS, auth_time: nowS - 121 }],
    ['of nobody knows when', { iat: nowS }],
    ['of a time that is none', { iat: nowS, auth_time: 'just now' }],
    ['without an ID token to tell', undefined],
  ])('takes no sign-in %s', async (_, claims) => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer, claims === undefined ? { scope: 'chat' } : {})
    const url = await oauth.authorize({ maxAge: 60 })
    if (claims !== undefined) answersSignIn(issuer, url, claims)
    await expect(oauth.handleCallback(backFrom(url))).rejects.toMatchObject({ reason: 'tampered' })
  })
})

describe('parameters of your own', () => {
  it('go along, and those of the sign-in win over those of the client', async () => {
    const oauth = oauthAt(scriptedIssuer(), { parameters: { audience: 'api', resource: 'https://api.test' } })
    const url = await oauth.authorize({ parameters: { login_hint: 'alice', audience: 'chat' } })
    expect(parametersOf(url)).toMatchObject({ audience: 'chat', resource: 'https://api.test', login_hint: 'alice' })
  })

  it.each(['option', 'sign-in'])('cannot take the place of ours (%s)', async (place) => {
    const names = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'nonce', 'code_challenge']
    const evil = Object.fromEntries([...names, 'code_challenge_method'].map((name) => [name, 'evil']))
    const oauth = oauthAt(scriptedIssuer(), place === 'option' ? { parameters: evil } : {})
    const url = await oauth.authorize(place === 'option' ? {} : { parameters: evil })
    expect(url.href).not.toContain('evil')
    expect(url.searchParams.getAll('state')).toHaveLength(1)
  })
})

describe('the place that the user goes on to', () => {
  it.each([
    '//evil.test',
    '/\\evil.test',
    '/\t/evil.test',
    'https://evil.test/',
    'https://app.test@evil.test',
    'javascript:alert(1)',
    '/%2F/evil.test',
    '/.//evil.test',
    'notes',
    '',
    '/notes\n',
  ])('is a TypeError as %j, and no sign-in starts', async (returnTo) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const issuer = scriptedIssuer()
    const setItem = vi.fn<TokenStorage['setItem']>()
    const navigate = vi.fn<(url: URL) => void>()
    const storage = { ...memoryStorage(), setItem }
    const failure = await failureOf(oauthAt(issuer, { storage }).authorize({ returnTo, navigate }))
    expect(failure).toBeInstanceOf(TypeError)
    expect(String(failure)).not.toContain('evil')
    expect(navigate).not.toHaveBeenCalled()
    expect(issuer.askedFor('discovery')).toEqual([])
    expect(setItem).not.toHaveBeenCalled()
  })

  it('is refused with a trace that tells why and not where to', async () => {
    const trace = vi.fn<(entry: object) => void>()
    const oauth = oauthAt(scriptedIssuer(), { trace })
    await failureOf(oauth.authorize({ returnTo: '//evil.test' }))
    await failureOf(oauth.authorize({ returnTo: 'evil' }))
    expect(trace.mock.calls.map(([entry]) => entry)).toMatchObject([
      { type: 'warning', reason: 'open-redirect' },
      { type: 'warning', reason: 'malformed' },
    ])
    expect(JSON.stringify(trace.mock.calls)).not.toContain('evil')
  })

  it('is not that of an older sign-in', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer, { storage: memoryStorage() })
    await oauth.authorize({ returnTo: '/older' })
    const url = await oauth.authorize()
    answersSignIn(issuer, url)
    expect(await oauth.handleCallback(backFrom(url))).not.toHaveProperty('returnTo')
  })

  it('is a path of the redirect address, and there is none for an app scheme', async () => {
    for (const given of ['com.example.app:/callback', 'com.example.app://callback']) {
      const oauth = oauthAt(scriptedIssuer(), { redirectUri: given })
      await expect(oauth.authorize({ returnTo: '/notes' })).rejects.toThrow(TypeError)
      expect(await oauth.authorize()).toBeInstanceOf(URL)
    }
  })
})

describe('a storage that throws', () => {
  const methods = ['getItem', 'setItem', 'removeItem'] as const

  /** Memory whose methods of these names throw, or reject. */
  function broken(names: readonly (typeof methods)[number][], isAsync: boolean): TokenStorage {
    const storage = memoryStorage()
    const failure = new DOMException('No storage here', 'SecurityError')
    const fail = (): never | Promise<never> => {
      if (isAsync) return Promise.reject(failure)
      throw failure
    }
    return { ...storage, ...Object.fromEntries(names.map((name) => [name, fail])) }
  }

  const cases = [[...methods], ...methods.map((method) => [method])].flatMap((names) =>
    [false, true].map((isAsync) => [names, isAsync] as const),
  )

  it.each(cases)(
    'at %j costs nothing of a sign-in that comes back to this page (async: %s)',
    async (names, isAsync) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const issuer = scriptedIssuer()
      const oauth = oauthAt(issuer, { storage: broken(names, isAsync) })
      const url = await oauth.authorize({ returnTo: '/notes' })
      answersSignIn(issuer, url)
      const signedIn = await oauth.handleCallback(backFrom(url))
      expect(signedIn).toMatchObject({ tokens: { accessToken: 'at-new' }, returnTo: '/notes' })
    },
  )

  it('does not let a sign-in wait for longer than 30 minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const oauth = oauthAt(scriptedIssuer(), { storage: broken(['setItem'], false) })
      const url = await oauth.authorize()
      vi.setSystemTime(Date.now() + 1_800_000)
      await expect(oauth.handleCallback(backFrom(url))).rejects.toMatchObject({ reason: 'stale' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not let a code be presented again that may be spent', async () => {
    const issuer = scriptedIssuer({
      token: async () => {
        throw new TypeError('fetch failed')
      },
    })
    const oauth = oauthAt(issuer, { storage: broken(['setItem'], false) })
    const url = await oauth.authorize()
    await expect(oauth.handleCallback(backFrom(url))).rejects.toMatchObject({ reason: 'lost' })
    await expect(oauth.handleCallback(backFrom(url))).rejects.toMatchObject({ name: 'OAuthCallbackError' })
    expect(issuer.askedFor('token')).toHaveLength(1)
  })

  it.each([false, true])('does not let a sign-in end twice (async: %s)', async (isAsync) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer, { storage: broken(['setItem'], isAsync) })
    const url = await oauth.authorize()
    answersSignIn(issuer, url)
    await Promise.all([oauth.handleCallback(backFrom(url)), oauth.handleCallback(backFrom(url))])
    expect(issuer.askedFor('token')).toHaveLength(1)
  })
})

describe('going to the issuer', () => {
  it('is done once, with the address that is returned, after all was put aside', async () => {
    const storage = memoryStorage()
    const seen: unknown[] = []
    const navigate = vi.fn<(url: URL) => void>((url) => {
      seen.push(storage.getItem(itemOf(url)))
    })
    const url = await oauthAt(scriptedIssuer(), { storage }).authorize({ returnTo: '/notes', navigate })
    expect(navigate).toHaveBeenCalledTimes(1)
    expect(navigate).toHaveBeenCalledWith(url)
    expect(seen).toEqual([expect.stringMatching(/verifier.*\/notes/)])
  })

  it('is the default in a page', async () => {
    const assign = vi.fn<(url: URL) => void>()
    vi.stubGlobal('document', {})
    vi.stubGlobal('location', { assign, href: 'https://app.test/' })
    const url = await oauthAt(scriptedIssuer(), { storage: memoryStorage() }).authorize()
    expect(assign.mock.calls).toEqual([[url]])
  })

  it('is not done by default where there is no page', async () => {
    const assign = vi.fn<(url: URL) => void>()
    vi.stubGlobal('location', { assign, href: 'https://app.test/worker.js' })
    await oauthAt(scriptedIssuer(), { storage: memoryStorage() }).authorize()
    expect(assign).not.toHaveBeenCalled()
  })

  it('is not done where the issuer cannot be reached', async () => {
    const navigate = vi.fn<(url: URL) => void>()
    const issuer = scriptedIssuer({ discovery: () => new Response(null, { status: 503 }) })
    await expect(oauthAt(issuer).authorize({ navigate })).rejects.toMatchObject({ reason: 'unavailable' })
    expect(navigate).not.toHaveBeenCalled()
  })
})
