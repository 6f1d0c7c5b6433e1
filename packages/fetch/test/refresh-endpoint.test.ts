import { inspect } from 'node:util'

import { AuthenticationError, createSession, RefreshError, type TokenSet } from '@reauth/core'
import { createFetch, refreshEndpoint, type RefreshEndpointOptions } from '@reauth/fetch'
import { hold, html, malformedJson, settle, status } from '@reauth/testkit'
import { http, HttpResponse } from 'msw'
import { afterEach, describe, expect, vi } from 'vitest'

import { caught } from './caught.ts'
import { it, msw, useMsw } from './over-msw.ts'
import { textOf } from './sent.ts'

useMsw()

afterEach(() => {
  vi.unstubAllGlobals()
})

const endpoint = 'https://broker.test/refresh'
const tokens: TokenSet = { accessToken: 'ACCESS-1', refreshToken: 'REFRESH-1' }
const fresh = { access_token: 'ACCESS-2', refresh_token: 'REFRESH-2', expires_in: 300 }

/** Refreshes once, at an endpoint that answers so; returns what comes of it, and what the endpoint got. */
async function refreshOnce(
  answer: () => Response | Promise<Response>,
  options: RefreshEndpointOptions = {},
  held: TokenSet = tokens,
): Promise<{ outcome: unknown; requests: Request[] }> {
  const requests: Request[] = []
  msw.use(
    http.all(endpoint, async ({ request }) => {
      requests.push(request.clone() as Request)
      return answer()
    }),
  )
  const { signal } = new AbortController()
  const outcome = await refreshEndpoint(
    endpoint,
    options,
  )({ tokens: held, reason: 'stale', signal }).catch((error: unknown) => error)
  return { outcome, requests }
}

const json =
  (body: unknown, code = 200, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(JSON.stringify(body), { status: code, headers: { 'content-type': 'application/json', ...headers } })

describe('what is sent', () => {
  it('is the refresh token, as JSON', async () => {
    const { outcome, requests } = await refreshOnce(json(fresh))

    expect(outcome).toEqual({ accessToken: 'ACCESS-2', refreshToken: 'REFRESH-2', expiresInMs: 300_000 })
    expect(requests).toHaveLength(1)
    const [request] = requests
    expect(request?.method).toBe('POST')
    expect(request?.headers.get('content-type')).toBe('application/json')
    expect(request?.headers.get('accept')).toBe('application/json')
    expect(request?.headers.has('authorization')).toBe(false)
    expect(await request?.json()).toEqual({ refresh_token: 'REFRESH-1' })
  })

  it('is nothing but the cookie, where there is no refresh token', async () => {
    const { requests } = await refreshOnce(json(fresh), {}, { accessToken: 'ACCESS-1' })

    const [request] = requests
    expect(request?.method).toBe('POST')
    expect(await request?.text()).toBe('')
    expect(request?.headers.has('content-type')).toBe(false)
  })

  it('takes cookies along as the option says', async () => {
    const sent: (RequestInit | undefined)[] = []
    const send: typeof fetch = async (_input, init) => {
      sent.push(init)
      return json(fresh)()
    }

    await refreshOnce(json({}), { fetch: send, credentials: 'include' })
    await refreshOnce(json({}), { fetch: send })

    expect(sent.map((init) => new Request(endpoint, init).credentials)).toEqual(['include', 'same-origin'])
  })

  it.each<[string, RefreshEndpointOptions]>([
    [
      'a body that throws',
      {
        body: () => {
          throw new Error('No device id')
        },
      },
    ],
    ['headers that are none', { headers: { 'no header': 'x' } }],
  ])('is nothing at all with %s: the refresh token is as good as before', async (_what, options) => {
    const { outcome, requests } = await refreshOnce(json(fresh), options)

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'misconfigured', sent: false })
    expect(requests).toHaveLength(0)
  })

  it.for<[string, RefreshEndpointOptions['body'], string, string]>([
    [
      'URLSearchParams',
      ({ refreshToken = '' }) => new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
      'grant_type=refresh_token&refresh_token=REFRESH-1',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    [
      'a string',
      ({ refreshToken }) => `<token>${refreshToken}</token>`,
      '<token>REFRESH-1</token>',
      'text/plain;charset=UTF-8',
    ],
    ['an object', ({ refreshToken }) => ({ token: refreshToken }), '{"token":"REFRESH-1"}', 'application/json'],
    [
      'an object without a prototype',
      ({ refreshToken }) => Object.assign(Object.create(null) as object, { token: refreshToken }),
      '{"token":"REFRESH-1"}',
      'application/json',
    ],
  ])('can be %s', async ([, body, text, type]) => {
    const { requests } = await refreshOnce(json(fresh), { body: body! })

    expect(await requests[0]?.text()).toBe(text)
    expect(requests[0]?.headers.get('content-type')).toBe(type)
  })

  it('has the headers that the option says', async () => {
    const headers = {
      'x-csrf': '1',
      accept: 'application/vnd.broker+json',
      'content-type': 'application/vnd.broker+json',
    }

    const { requests } = await refreshOnce(json(fresh), { headers })

    expect(Object.fromEntries(requests[0]!.headers)).toMatchObject(headers)
  })

  it('goes through the fetch that the option says, never to a cache', async () => {
    const sent: [unknown, RequestInit | undefined][] = []
    const send: typeof fetch = async (input, init) => {
      sent.push([String(input), init])
      return json(fresh)()
    }

    await refreshOnce(json({}), { fetch: send })

    expect(sent).toMatchObject([[endpoint, { method: 'POST', cache: 'no-store', redirect: 'manual' }]])
  })

  it('goes through the global fetch of the moment', async () => {
    const refresh = refreshEndpoint(endpoint)
    vi.stubGlobal('fetch', async () => json(fresh)())

    const { signal } = new AbortController()
    expect(await refresh({ tokens, reason: 'stale', signal })).toMatchObject({ accessToken: 'ACCESS-2' })
  })

  it('is not sent when the machine says that it is offline', async () => {
    vi.stubGlobal('navigator', { onLine: false })

    const { outcome, requests } = await refreshOnce(json(fresh))

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
    expect(requests).toEqual([])
  })

  it('ends when the hard cap passes', async () => {
    const controller = new AbortController()
    msw.use(
      http.post(endpoint, () => {
        controller.abort(new Error('capped'))
        return new Promise<never>(() => {})
      }),
    )

    const outcome = await caught(refreshEndpoint(endpoint)({ tokens, reason: 'stale', signal: controller.signal }))

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'lost' })
  })
})

describe('an answer', () => {
  const secret = 'SECRET-of-the-answer'

  it.for<[string, () => Response, Partial<RefreshError>]>([
    ['400 invalid_grant', json({ error: 'invalid_grant', error_description: secret }, 400), { reason: 'rejected' }],
    ['401 with JSON', json({ error: 'invalid_token', detail: secret }, 401), { reason: 'rejected' }],
    ['401 with HTML', () => HttpResponse.html(`<p>${secret}`, { status: 401 }), { reason: 'rejected' }],
    ['401 with nothing', () => new Response(null, { status: 401 }), { reason: 'rejected' }],
    ['403 with JSON', json({ message: secret }, 403), { reason: 'rejected' }],
    ['403 with nothing', () => new Response(null, { status: 403 }), { reason: 'rejected' }],
    [
      '400 invalid_client',
      json({ error: 'invalid_client', error_description: secret }, 400),
      { reason: 'misconfigured' },
    ],
    ['400 invalid_request', json({ error: 'invalid_request' }, 400), { reason: 'misconfigured' }],
    ['404 with JSON', json({ message: secret }, 404), { reason: 'misconfigured' }],
    ['404 with HTML', () => HttpResponse.html(`<p>${secret}`, { status: 404 }), { reason: 'unavailable' }],
    ['408', json({ secret }, 408), { reason: 'unavailable' }],
    ['425', json({ secret }, 425), { reason: 'unavailable' }],
    ['429', json({ secret }, 429), { reason: 'unavailable' }],
    ['429 with seconds', json({}, 429, { 'retry-after': '120' }), { reason: 'unavailable', retryAfterMs: 120_000 }],
    ['500 with HTML', () => HttpResponse.html(`<p>${secret}`, { status: 500 }), { reason: 'unavailable' }],
    ['500 that says invalid_grant', json({ error: 'invalid_grant' }, 500), { reason: 'unavailable' }],
    ['502', () => HttpResponse.html(secret, { status: 502 }), { reason: 'unavailable' }],
    ['503 with seconds', json({}, 503, { 'retry-after': '7' }), { reason: 'unavailable', retryAfterMs: 7000 }],
    ['503 with zero seconds', json({}, 503, { 'retry-after': '0' }), { reason: 'unavailable', retryAfterMs: 0 }],
    ['503 with a past date', json({}, 503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }), { retryAfterMs: 0 }],
    ['200 with a captive portal', () => HttpResponse.html(`<title>${secret}`), { reason: 'unavailable' }],
    ['200 with JSON cut short', () => HttpResponse.text('{"access_token":"SECRET-of'), { reason: 'unavailable' }],
    ['200 with nothing', () => new Response(''), { reason: 'unavailable' }],
    ['204', () => new Response(null, { status: 204 }), { reason: 'misconfigured' }],
    ['200 without a token', json({ token: secret }), { reason: 'misconfigured' }],
    ['200 with an empty token', json({ ...fresh, access_token: '' }), { reason: 'misconfigured' }],
    [
      '200 with a token that no header carries',
      json({ ...fresh, access_token: `${secret}\n` }),
      { reason: 'misconfigured' },
    ],
    ['200 with a lifetime of NaN', json({ ...fresh, expires_in: secret }), { reason: 'misconfigured' }],
    ['200 with a negative lifetime', json({ ...fresh, expires_in: -1 }), { reason: 'misconfigured' }],
    ['200 with null', json(null), { reason: 'misconfigured' }],
    ['200 with a string', json(secret), { reason: 'misconfigured' }],
    ['200 with an error', json({ error: 'invalid_grant' }), {}],
    ['an error that is no code', json({ error: secret }, 400), { reason: 'misconfigured' }],
    ['an error that is an object', json({ error: { invalid_grant: secret } }, 400), { reason: 'misconfigured' }],
  ])('of %s is told apart, and nothing of it is told', async ([, answer, expected]) => {
    const { outcome, requests } = await refreshOnce(answer)

    expect(outcome).toBeInstanceOf(RefreshError)
    expect(outcome).toMatchObject(expected)
    expect(requests).toHaveLength(1)
    const { message, cause } = outcome as RefreshError & { cause?: { code: string } }
    const told = `${inspect(outcome, { depth: 20, showHidden: true })} ${JSON.stringify(outcome)} ${String(outcome)}`
    expect(told).not.toMatch(/SECRET|REFRESH-|ACCESS-/)
    expect(cause).toEqual(cause && { code: message.replace('The refresh endpoint answered ', '') })
  })

  it('of 503 with a date is told as a wait', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) })
    const date = new Date(Date.UTC(2030, 0, 1, 0, 1, 30)).toUTCString()

    const { outcome } = await refreshOnce(json({}, 503, { 'retry-after': date }))
    vi.useRealTimers()

    expect(outcome).toMatchObject({ reason: 'unavailable', retryAfterMs: 90_000 })
  })

  it.for(['soon', '', '12 apples', 'NaN', 'Infinity'])('of 503 that says "%s" is one without a wait', async (value) => {
    const { outcome } = await refreshOnce(json({}, 503, { 'retry-after': value }))

    expect(outcome).toMatchObject({ reason: 'unavailable' })
    expect((outcome as RefreshError).retryAfterMs).toBeUndefined()
  })

  it.for([301, 302, 303, 307, 308])('of %d is not followed', async (code) => {
    const reached: string[] = []
    msw.use(
      http.all('https://elsewhere.test/*', ({ request }) => {
        reached.push(request.url)
        return json(fresh)()
      }),
    )

    const { outcome } = await refreshOnce(
      () => new Response(null, { status: code, headers: { location: 'https://elsewhere.test/refresh' } }),
    )

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(reached).toEqual([])
  })

  it('that never comes is lost', async () => {
    const { outcome } = await refreshOnce(() => HttpResponse.error())

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'lost', cause: expect.any(TypeError) })
    expect(JSON.stringify(outcome)).not.toMatch(/SECRET|REFRESH-|ACCESS-|fetch/)
  })

  it.for(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])(
    'that never comes since nothing was sent is unavailable: %s',
    async (code) => {
      const cause = new TypeError('fetch failed', { cause: Object.assign(new Error('no way'), { code }) })

      const { outcome } = await refreshOnce(json({}), { fetch: () => Promise.reject(cause) })

      expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false, cause })
    },
  )

  it.for(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT'])(
    'that never comes though something may have been sent is lost: %s',
    async (code) => {
      const cause = new TypeError('fetch failed', { cause: Object.assign(new Error('no way'), { code }) })

      const { outcome } = await refreshOnce(json({}), { fetch: () => Promise.reject(cause) })

      expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'lost', cause })
      expect((outcome as RefreshError).sent).not.toBe(false)
    },
  )

  it('can be read in another way', async () => {
    const { outcome } = await refreshOnce(json({ token: 'ACCESS-2', ttl: 60 }), {
      parse: (answer) => {
        const { token, ttl } = answer as { token: string; ttl: number }
        return { accessToken: token, expiresInMs: ttl * 1000 }
      },
    })

    expect(outcome).toEqual({ accessToken: 'ACCESS-2', expiresInMs: 60_000 })
  })

  it('that the application cannot read is misconfigured, for the reason that it gave', async () => {
    const failure = new Error('of the application')

    const { outcome } = await refreshOnce(json({}), {
      parse() {
        throw failure
      },
    })

    expect(outcome).toMatchObject({ name: 'RefreshError', reason: 'misconfigured', cause: failure })
    expect(JSON.stringify(outcome)).not.toContain('of the application')
  })

  it('about which the application throws a RefreshError is what that says', async () => {
    const failure = new RefreshError('Maintenance', { reason: 'unavailable', retryAfterMs: 1 })

    const { outcome } = await refreshOnce(json({}), {
      parse() {
        throw failure
      },
    })

    expect(outcome).toBe(failure)
  })
})

describe('the address', () => {
  it.for(['http://broker.test/refresh', 'http://192.168.1.2/refresh', 'http://localhost.test/', 'ftp://broker.test/'])(
    'is a TypeError at once where tokens would travel in the clear: %s',
    (url) => {
      expect(() => refreshEndpoint(url)).toThrow(TypeError)
      expect(() => refreshEndpoint(url)).toThrow(/https/)
    },
  )

  it.for([
    'https://broker.test/r',
    'http://localhost:1/r',
    'http://127.0.0.1/r',
    'http://[::1]:8080/r',
    'http://a.localhost/',
  ])('can be %s', (url) => {
    expect(refreshEndpoint(url)).toBeTypeOf('function')
    expect(refreshEndpoint(new URL(url))).toBeTypeOf('function')
  })

  it('can be the page itself, and relative to it', async () => {
    vi.stubGlobal('location', new URL('http://192.168.1.2/app/'))
    const sent: string[] = []
    const send: typeof fetch = async (input) => {
      sent.push(String(input))
      return json(fresh)()
    }
    const refresh = refreshEndpoint('../refresh', { fetch: send })

    await refresh({ tokens, reason: 'stale', signal: new AbortController().signal })

    expect(sent).toEqual(['http://192.168.1.2/refresh'])
  })

  it('is a TypeError at once where it is relative and there is no page', () => {
    expect(() => refreshEndpoint('/refresh')).toThrow(TypeError)
  })

  it('is told without its query', () => {
    expect(() => refreshEndpoint('http://broker.test/refresh?key=SECRET')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('SECRET') }),
    )
  })
})

describe('in a session', () => {
  it('turns a 401 into one call and an AuthenticationError', async ({ world }) => {
    world.issuer.faults.next(status(401))
    const session = world.signInRefused()

    const error = await caught(createFetch(session)(world.url('/api/items')))

    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ code: 401, reason: 'expired' })
    expect(world.issuer.tokenPosts).toBe(1)
    expect(session.state.status).toBe('expired')
    expect(await session.tokens()).toBeDefined()
  })

  it.for([401, 403])(
    'does not recurse where the page made the wrapper its global fetch, on %d',
    async (code, { world }) => {
      world.issuer.faults.next(status(code))
      const session = world.signInRefused()
      vi.stubGlobal('fetch', createFetch(session))

      expect(await caught(fetch(world.url('/api/items')))).toMatchObject({ name: 'AuthenticationError', code: 401 })
      expect(world.issuer.tokenPosts).toBe(1)
      expect(
        world.issuer.exchanges.filter(({ kind }) => kind === 'token').map(({ accessToken }) => accessToken),
      ).toEqual([undefined])
    },
  )

  it.for<[string, boolean]>([
    ['refused', false],
    ['stale', true],
  ])(
    'does not wait for itself where a monitor wraps the wrapper, the token being %s',
    async ([, isStale], { world }) => {
      const session = world.signInRefused()
      const authFetch = createFetch(session)
      let depth = 0
      vi.stubGlobal('fetch', ((input, init) => {
        if (++depth > 20) throw new Error('The wrapper calls itself')
        return authFetch(input, init)
      }) satisfies typeof fetch)
      if (isStale) world.clock.jump(3_600_000)

      const call = caught(authFetch(world.url('/api/items')))
      // Only what waits for itself is still waiting then.
      await settle(50)
      await world.clock.advance(200_000)

      expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
      expect(world.issuer.tokenPosts).toBe(1)
    },
  )

  it('does not wait for itself where the wrapper is of another copy of the package', async ({ world }) => {
    vi.resetModules()
    const another = await import('@reauth/fetch')
    expect(another.createFetch).not.toBe(createFetch)
    const session = world.signInRefused({ refresh: another.refreshEndpoint(world.url('/refresh')) })
    vi.stubGlobal('fetch', createFetch(session))

    const call = caught(fetch(world.url('/api/items')))
    // Only what waits for itself is still waiting then.
    await settle(50)
    await world.clock.advance(200_000)

    expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it.for<[string, boolean]>([
    ['refused', false],
    ['stale', true],
  ])('does not wait for itself where the wrapper is its fetch, the token being %s', async ([, isStale], { world }) => {
    let refresh: ReturnType<typeof refreshEndpoint> | undefined
    const session = world.signInRefused({ refresh: (context) => refresh!(context) })
    const authFetch = createFetch(session)
    refresh = refreshEndpoint(world.url('/refresh'), { fetch: authFetch })
    if (isStale) world.clock.jump(3_600_000)

    const call = caught(authFetch(world.url('/api/items')))
    // Only what waits for itself is still waiting then.
    await settle(50)
    await world.clock.advance(200_000)

    expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('keeps the old refresh token where the answer leaves it out', async () => {
    msw.use(http.post(endpoint, json({ access_token: 'ACCESS-2' })))
    const session = createSession({ refresh: refreshEndpoint(endpoint), origins: [] })
    await session.signIn(tokens)

    await session.refresh()

    expect(await session.tokens()).toEqual({ accessToken: 'ACCESS-2', refreshToken: 'REFRESH-1' })
  })

  it.for([
    ['HTML', html()],
    ['JSON cut short', malformedJson()],
    ['503', status(503)],
  ] as const)(
    'keeps the tokens over an answer of %s, and goes on when the issuer does',
    async ([, fault], { world }) => {
      world.issuer.faults.next(fault)
      const session = world.signIn()
      const before = await session.tokens()

      await expect(session.refresh()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
      expect(await session.tokens()).toEqual(before)

      await session.refresh()
      expect(session.state).toMatchObject({ status: 'active', version: 2 })
    },
  )

  it('obeys Retry-After, also when a person asks', async ({ world }) => {
    world.issuer.faults.next(status(429, { retryAfter: 90 }))
    const session = world.signIn()
    await caught(session.refresh())

    await world.clock.advance(89_000)
    await caught(session.refresh())
    expect(world.issuer.tokenPosts).toBe(1)
    await world.clock.advance(1000)
    await session.refresh()
    expect(world.issuer.tokenPosts).toBe(2)
  })

  it('presents the refresh token once, however many ask', async ({ world }) => {
    const gate = world.issuer.faults.next(hold())
    const session = world.signIn()
    const asked = Promise.all([session.refresh(), session.refresh(), session.acquire({ minValidityMs: 1e9 })])
    await gate.arrived
    gate.release()
    await asked

    expect(world.issuer.tokenPosts).toBe(1)
    expect(textOf(world.issuer.exchanges[0]!)).toContain('refresh_token')
  })
})
