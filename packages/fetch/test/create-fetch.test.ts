import { staticSource } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { afterEach, describe, expect, vi } from 'vitest'

import { recordingFetch, textOf } from './sent.ts'
import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'

useMsw()

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('what it takes', () => {
  it.for([
    ['a string', (url: string) => url],
    ['a URL', (url: string) => new URL(url)],
    ['a Request', (url: string) => new Request(url)],
  ] as const)('sends the credential to %s', async ([, make], { world }) => {
    const session = world.signIn()
    const { accessToken } = (await session.tokens()) ?? {}

    const response = await createFetch(session)(make(world.url('/api/items?page=2')))

    expect(await response.json()).toEqual({ identity: 'alice', path: '/api/items' })
    expect(world.calls[0]?.headers['authorization']).toBe(`Bearer ${accessToken}`)
    expect(world.calls[0]?.url).toBe(world.url('/api/items?page=2'))
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it.for([
    ['an object', { 'X-One': '1', accept: 'text/x' }],
    ['an object without a prototype', Object.assign(Object.create(null), { 'X-One': '1', accept: 'text/x' })],
    [
      'an array',
      [
        ['X-One', '1'],
        ['accept', 'text/x'],
      ],
    ],
    ['Headers', new Headers({ 'X-One': '1', accept: 'text/x' })],
    ['a Map', new Map(Object.entries({ 'X-One': '1', accept: 'text/x' }))],
  ] as [string, HeadersInit][])('sends headers given as %s beside its own', async ([, headers], { world }) => {
    const session = world.signInRefused()

    await createFetch(session)(world.url('/api/items'), { headers })

    expect(world.calls).toHaveLength(2)
    for (const call of world.calls) {
      expect(call.headers).toMatchObject({ 'x-one': '1', accept: 'text/x' })
      expect(call.accessToken).toBeDefined()
    }
  })

  it('sends headers that can be read only once', async ({ world }) => {
    const authFetch = createFetch(world.signIn())
    const headers = new Headers({ 'x-one': '1' }).entries() as Iterable<[string, string]> as [string, string][]

    await authFetch(world.url('/api/items'), { headers })

    expect(world.calls[0]?.headers['x-one']).toBe('1')
    expect(world.calls[0]?.accessToken).toBeDefined()
  })

  it('sends the headers of a Request with a body, also under msw, where a copy of Headers may lack some', async ({
    world,
  }) => {
    const request = new Request(world.url('/api/items'), { method: 'POST', headers: { 'x-one': '1' }, body: 'text' })

    await createFetch(world.signInRefused())(request)

    expect(world.calls.map(({ headers }) => [headers['x-one'], headers['content-type']])).toEqual([
      ['1', 'text/plain;charset=UTF-8'],
      ['1', 'text/plain;charset=UTF-8'],
    ])
  })

  it('joins values of one name as fetch does', async ({ world }) => {
    const headers = [
      ['x-one', '1'],
      ['x-one', '2'],
    ] satisfies HeadersInit

    await createFetch(world.signIn())(world.url('/api/items'), { headers })

    expect(world.calls[0]?.headers['x-one']).toBe('1, 2')
  })

  it('takes a Request with an init that changes it, as generated clients call it', async ({ world }) => {
    const session = world.signInRefused()
    const request = new Request(world.url('/api/items'), {
      method: 'POST',
      headers: { 'x-of': 'request', 'content-type': 'text/plain' },
      body: 'of the request',
    })

    await createFetch(session)(request, { method: 'PUT', headers: { 'x-of': 'init' }, body: 'of the init' })

    expect(world.calls).toHaveLength(2)
    for (const call of world.calls) {
      expect(call.method).toBe('PUT')
      expect(call.headers['x-of']).toBe('init')
      expect(textOf(call)).toBe('of the init')
    }
  })

  it('takes a Request that was read already where the init brings another body, as fetch does', async ({ world }) => {
    const request = new Request(world.url('/api/items'), { method: 'POST', body: 'read' })
    await request.text()

    await createFetch(world.signIn())(request, { body: 'of the init' })

    expect(world.calls.map(textOf)).toEqual(['of the init'])
  })

  it('rejects a Request that was read already with a TypeError, as fetch does', async ({ world }) => {
    const request = new Request(world.url('/api/items'), { method: 'POST', body: 'read' })
    await request.text()

    await expect(createFetch(world.signIn())(request)).rejects.toThrow(TypeError)
    expect(world.calls).toHaveLength(0)
  })

  it('takes null for an init, as fetch does', async ({ world }) => {
    const response = await createFetch(world.signInRefused())(world.url('/api/items'), null as never)

    expect(response.status).toBe(200)
    expect(world.calls).toHaveLength(2)
  })

  it('leaves what it was given as it was', async ({ world }) => {
    const authFetch = createFetch(world.signIn())
    const init = Object.freeze({ headers: Object.freeze({ 'x-one': '1' }) })
    const headers = new Headers({ 'x-one': '1' })
    const request = new Request(world.url('/api/items'), { headers })

    await authFetch(world.url('/api/items'), init)
    await authFetch(world.url('/api/items'), { headers })
    await authFetch(request)

    expect(init).toEqual({ headers: { 'x-one': '1' } })
    expect([...headers.keys()]).toEqual(['x-one'])
    expect(request.headers.has('authorization')).toBe(false)
    expect(world.issuer.apiRequests.ok).toBe(3)
  })

  it('passes on what it does not know of an init, for both sends', async ({ world }) => {
    const session = world.signInRefused()
    const send = recordingFetch()
    const init = { next: { revalidate: 60 }, cache: 'no-store', keepalive: true } as RequestInit

    await createFetch(session, { fetch: send })(world.url('/api/items'), init)

    expect(send.sent).toHaveLength(2)
    for (const call of send.sent) expect(call.init).toMatchObject(init)
  })

  it('keeps what a Request says of its referrer, redirects and cache', async ({ world }) => {
    const send = recordingFetch()
    const said = { referrerPolicy: 'no-referrer', redirect: 'manual', cache: 'no-cache', credentials: 'omit' } as const
    const request = new Request(world.url('/api/items'), said)

    await createFetch(world.signIn(), { fetch: send })(request)

    const [sent] = send.sent.map(({ input, init }) => new Request(input, init))
    expect({
      referrerPolicy: sent?.referrerPolicy,
      redirect: sent?.redirect,
      cache: sent?.cache,
      credentials: sent?.credentials,
    }).toEqual(said)
  })
})

describe('what it gives back', () => {
  it('returns the very answer of a request that went well, its body unread', async ({ world }) => {
    const answer = Response.json({ ok: true })
    const authFetch = createFetch(world.signIn(), { fetch: async () => answer })

    expect(await authFetch(world.url('/api/items'))).toBe(answer)
    expect(answer.bodyUsed).toBe(false)
    expect(answer.body?.locked).toBe(false)
  })

  it('rejects with what fetch rejects with', async ({ world }) => {
    const failure = new TypeError('Failed to fetch')
    const authFetch = createFetch(world.signIn(), { fetch: () => Promise.reject(failure) })

    await expect(authFetch(world.url('/api/items'))).rejects.toBe(failure)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('rejects with what the fetch of the replay rejects with', async ({ world }) => {
    const session = world.signIn()
    const failure = new TypeError('Failed to fetch')
    const answers = [async () => new Response(null, { status: 401 }), () => Promise.reject(failure)]
    const authFetch = createFetch(session, { fetch: () => answers.shift()!() })

    await expect(authFetch(world.url('/api/items'))).rejects.toBe(failure)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
  })

  it.for(['/items', 'items?page=2', '?page=2', ''])(
    'rejects the relative URL "%s" with a TypeError that says why, without its query',
    async (url, { world }) => {
      const authFetch = createFetch(world.signIn())

      const failure = await caught(authFetch(url))

      expect(failure).toBeInstanceOf(TypeError)
      expect((failure as Error).message).toMatch(/absolute URL/)
      expect((failure as Error).message).not.toContain('page=2')
    },
  )
})

describe('an Authorization of the caller', () => {
  const ways: [string, (url: string, name: string) => [RequestInfo | URL, RequestInit?]][] = [
    ['an object', (url, name) => [url, { headers: { [name]: 'Basic Zm9v' } }]],
    ['an array', (url, name) => [url, { headers: [[name, 'Basic Zm9v']] }]],
    ['Headers', (url, name) => [url, { headers: new Headers({ [name]: 'Basic Zm9v' }) }]],
    ['a Map', (url, name) => [url, { headers: new Map([[name, 'Basic Zm9v']]) as unknown as HeadersInit }]],
    ['a Request', (url, name) => [new Request(url, { headers: { [name]: 'Basic Zm9v' } })]],
  ]
  const cases = ways.flatMap(([way, make]) =>
    ['authorization', 'Authorization', 'AUTHORIZATION'].map((name) => [way, name, make] as const),
  )

  it.for(cases)('is kept in %s as %s, and its 401 is its own', async ([, name, make], { world }) => {
    const session = world.signIn()

    const response = await createFetch(session)(...make(world.url('/api/items'), name))

    expect(response.status).toBe(401)
    expect(world.calls.map(({ headers }) => headers['authorization'])).toEqual(['Basic Zm9v'])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it.for(cases)('is replaced in %s as %s where the option says so', async ([, name, make], { world }) => {
    const session = world.signIn()
    const { accessToken } = (await session.tokens()) ?? {}
    const authFetch = createFetch(session, { authorization: 'replace' })

    const response = await authFetch(...make(world.url('/api/items'), name))

    expect(response.status).toBe(200)
    expect(world.calls.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${accessToken}`])
  })

  it('counts as absent in a Request whose headers the init replaces, as in fetch', async ({ world }) => {
    const request = new Request(world.url('/api/items'), { headers: { authorization: 'Basic Zm9v' } })

    const response = await createFetch(world.signIn())(request, { headers: {} })

    expect(response.status).toBe(200)
  })

  it('does not wait for a refresh', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)

    await createFetch(session)(world.url('/api/items'), { headers: { authorization: 'Basic Zm9v' } })

    expect(world.issuer.tokenPosts).toBe(0)
  })
})

describe('the scheme', () => {
  it('is what the issuer said', async ({ world }) => {
    const session = world.open()
    await session.signIn({ accessToken: 'a1', tokenType: 'MAC' })

    await createFetch(session, { classify: () => undefined })(world.url('/api/items')).catch(() => {})

    expect(world.calls[0]?.headers['authorization']).toBe('MAC a1')
  })
})

describe('which fetch sends', () => {
  it('is the global one of the moment', async ({ world }) => {
    const authFetch = createFetch(world.signIn())
    const late = recordingFetch()
    const original = globalThis.fetch
    vi.stubGlobal('fetch', ((input, init) => {
      late.sent.push({ input, init })
      return original(input, init)
    }) satisfies typeof fetch)

    await authFetch(world.url('/api/items'))

    expect(late.sent).toHaveLength(1)
  })

  it('is the one below, where a page made the wrapper its global fetch', async ({ world }) => {
    const session = world.signIn()
    vi.stubGlobal('fetch', createFetch(session))
    world.issuer.revokeAccessToken((await session.tokens())?.accessToken)

    expect((await fetch(world.url('/api/items'))).status).toBe(200)
    expect(world.calls).toHaveLength(2)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('is the one below two wrappers of which each was the global fetch', async ({ world }) => {
    const session = world.signIn()
    vi.stubGlobal('fetch', createFetch(session))
    vi.stubGlobal('fetch', createFetch(session))
    world.issuer.revokeAccessToken((await session.tokens())?.accessToken)

    expect((await fetch(world.url('/api/items'))).status).toBe(200)
    expect(world.calls).toHaveLength(2)
  })

  it.for<[string, (wrapped: typeof fetch) => typeof fetch]>([
    ['at once', (wrapped) => (input, init) => wrapped(input, init)],
    ['with an init of its own', (wrapped) => (input, init) => wrapped(input, { ...init, priority: 'low' })],
    [
      'after a while',
      (wrapped) => async (input, init) => {
        await Promise.resolve()
        return wrapped(input, init)
      },
    ],
  ])(
    'is still the one below, where a monitor wraps the global fetch after that and calls it %s',
    async ([, wrap], { world }) => {
      const session = world.signInRefused({ refresh: world.issuer.refresh })
      vi.stubGlobal('fetch', createFetch(session))
      const monitored = wrap(globalThis.fetch)
      let depth = 0
      vi.stubGlobal('fetch', ((input, init) => {
        if (++depth > 20) throw new Error('The wrapper calls itself')
        return monitored(input, init)
      }) satisfies typeof fetch)

      expect((await fetch(world.url('/api/items'), { method: 'POST', body: 'text' })).status).toBe(200)
      expect((await fetch('data:text/plain,bare')).status).toBe(200)
      expect((await fetch(world.url('/api/items'), { headers: { authorization: 'Basic Zm9v' } })).status).toBe(401)
      expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200, 401])
      expect(world.issuer.tokenPosts).toBe(1)
    },
  )

  it('may make a call of its own, which gets the credential like any other', async ({ world }) => {
    const session = world.signIn()
    const calls: Promise<Response>[] = []
    const authFetch = createFetch(session, {
      fetch(input, init) {
        if (!(input as string).includes('beacon')) calls.push(authFetch(world.url('/api/beacon')))
        return fetch(input, init)
      },
    })

    calls.push(authFetch(world.url('/api/items')))
    await calls[0]

    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('is never called with a this', async ({ world }) => {
    const seen: unknown[] = []
    const authFetch = createFetch(world.signIn(), {
      async fetch(this: unknown) {
        seen.push(this)
        return new Response()
      },
    })

    await authFetch(world.url('/api/items'))

    expect(seen).toEqual([undefined])
  })
})

describe('a source that is no session', () => {
  it('is asked in the same way', async ({ world }) => {
    const { accessToken } = world.issuer.signIn().tokens
    const authFetch = createFetch(staticSource(accessToken!, { origins: [world.issuer.origin] }))

    expect((await authFetch(world.url('/api/items'))).status).toBe(200)
    world.issuer.revokeAccessToken(accessToken)
    await expect(authFetch(world.url('/api/items'))).rejects.toMatchObject({
      name: 'AuthenticationError',
      reason: 'refused',
    })
  })
})
