import { staticSource } from '@reauth/core'
import { kyAuth } from '@reauth/fetch/ky'
import { createIssuer, hold, status } from '@reauth/testkit'
import ky, { HTTPError, isHTTPError } from 'ky'
import { http } from 'msw'
import { describe, expect, vi } from 'vitest'

import { caught } from './caught.ts'
import { it, msw, useMsw } from './over-msw.ts'
import { formOf, recordingFetch, textOf } from './sent.ts'

useMsw()

describe('an instance', () => {
  it('sends the credential, and is replayed once after a 401', async ({ world }) => {
    const session = world.signInRefused()
    const api = ky.create({ prefix: world.url('/api'), ...kyAuth(session) })

    expect(await api.get('items').json()).toEqual({ identity: 'alice', path: '/api/items' })
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    expect(world.calls[1]?.accessToken).toBe((await session.tokens())?.accessToken)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('is replayed with retry: 0, also a POST, with all that ky made of it', async ({ world }) => {
    const api = ky.create({
      prefix: world.url('/api'),
      retry: 0,
      headers: { 'x-one': '1' },
      ...kyAuth(world.signInRefused()),
    })

    await api.post('items', { json: { name: 'péage' }, searchParams: { page: 2 }, headers: { 'x-two': '2' } })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of world.calls) {
      expect(call.method).toBe('POST')
      expect(call.url).toBe(world.issuer.url('/api/items?page=2'))
      expect(textOf(call)).toBe('{"name":"péage"}')
      expect(call.headers).toMatchObject({ 'x-one': '1', 'x-two': '2', 'content-type': 'application/json' })
    }
  })

  it.for<[string, () => BodyInit]>([
    ['a string', () => 'text'],
    ['URLSearchParams', () => new URLSearchParams({ a: '1 2' })],
    ['a Blob', () => new Blob(['bytes'], { type: 'application/x-bytes' })],
    ['an ArrayBuffer', () => new TextEncoder().encode('bytes').buffer],
    ['a typed array', () => new TextEncoder().encode('bytes')],
  ])('is replayed with %s, byte for byte', async ([, make], { world }) => {
    const expected = await new Response(make()).text()

    await ky.extend(kyAuth(world.signInRefused())).put(world.url('/api/items'), { body: make(), retry: 0 })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    expect(world.calls.map(textOf)).toEqual([expected, expected])
    expect(world.calls[1]?.headers['content-type']).toBe(world.calls[0]?.headers['content-type'])
  })

  it('is replayed with a form and its files', async ({ world }) => {
    const body = new FormData()
    body.append('name', 'péage')
    body.append('file', new File(['bytes'], 'bytes.bin'))

    await ky.extend(kyAuth(world.signInRefused())).post(world.url('/api/items'), { body })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of world.calls) {
      const form = await formOf(call)
      expect(form.get('name')).toBe('péage')
      expect(await (form.get('file') as File).text()).toBe('bytes')
    }
  })

  it('takes a Request', async ({ world }) => {
    const request = new Request(world.url('/api/items'), { method: 'POST', body: 'of the request' })

    await ky.extend(kyAuth(world.signInRefused()))(request)

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    expect(world.calls.map(textOf)).toEqual(['of the request', 'of the request'])
  })

  it('refreshes before it sends a stale credential', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)

    await ky.extend(kyAuth(session))(world.url('/api/items'))

    expect(world.calls.map(({ answer }) => answer)).toEqual([200])
  })

  it('keeps an Authorization of the caller, and its 401 is the caller’s', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signIn()))

    const error = await caught(api(world.url('/api/items'), { headers: { Authorization: 'Basic Zm9v' } }))

    expect(isHTTPError(error)).toBe(true)
    expect(world.calls.map(({ headers }) => headers['authorization'])).toEqual(['Basic Zm9v'])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('replaces an Authorization of the caller where the option says so', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signIn(), { authorization: 'replace' }))

    await api(world.url('/api/items'), { headers: { Authorization: 'Basic Zm9v' } })

    expect(world.issuer.apiRequests.ok).toBe(1)
  })

  it('leaves an origin that is not listed alone, and tells of its 401 once', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const api = ky.extend({ ...kyAuth(world.signIn()), throwHttpErrors: false })

    await api('https://elsewhere.test/one')
    await api('https://elsewhere.test/two')

    expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined])
    expect(warn).toHaveBeenCalledOnce()
    expect(warn.mock.calls[0]?.join(' ')).toContain("origins: ['https://elsewhere.test']")
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('sends bare when nobody is signed in, and the 401 is ky’s', async ({ world }) => {
    const error = await caught(ky.extend(kyAuth(world.open())).post(world.url('/api/items'), { json: {} }))

    expect(error).toBeInstanceOf(HTTPError)
    expect(error).toMatchObject({ response: { status: 401 } })
    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
  })

  it('works with a source that is no session', async ({ world }) => {
    const { accessToken } = world.issuer.signIn().tokens
    const source = staticSource(accessToken!, { origins: [world.issuer.origin] })

    expect(await ky.extend(kyAuth(source))(world.url('/api/items')).json()).toMatchObject({ identity: 'alice' })
  })

  it('serves many calls at once with one refresh', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signInRefused()))
    const gate = world.issuer.faults.next(hold())

    const calls = Array.from({ length: 20 }, (_, index) =>
      api.post(world.url(`/api/${index}`), { json: { index } }).json(),
    )
    await gate.arrived
    gate.release()
    await Promise.all(calls)

    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.issuer.apiRequests).toMatchObject({ ok: 20, refused: 20 })
  })
})

describe('a body that is a stream', () => {
  const streamed = (): ReadableStream => new Blob(['streamed']).stream()

  it('goes once, and its 401 is ky’s', async ({ world }) => {
    const session = world.signInRefused()
    const refreshed = new Promise((resolve) => {
      session.on('refreshed', resolve)
    })
    const api = ky.extend({ retry: 0, ...kyAuth(session) })

    const error = await caught(api.post(world.url('/api/items'), { body: streamed() }))

    expect(error).toMatchObject({ name: 'HTTPError', response: { status: 401 } })
    expect(world.calls.map(textOf)).toEqual(['streamed'])
    await refreshed
  })

  it('has the credential renewed before it is sent, when that is near its end', async ({ world }) => {
    const session = world.signIn()
    const api = ky.extend({ retry: 0, ...kyAuth(session) })
    await world.clock.advance(245_000)

    await api.post(world.url('/api/items'), { body: 'text' })
    expect(world.issuer.tokenPosts).toBe(0)
    await api.post(world.url('/api/items'), { body: streamed() })

    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls.map(textOf)).toEqual(['text', 'streamed'])
  })
})

describe('two sessions on one instance', () => {
  it('each serve their own origin', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const other = createIssuer({ origin: 'https://other.test', clock: world.clock })
    msw.use(http.all('https://other.test/*', ({ request }) => other.fetch(request)))
    const mine = world.signInRefused()
    const theirs = world.open({ refresh: other.refresh, origins: [other.origin] })
    const { tokens } = other.signIn({ identity: 'bob' })
    other.revokeAccessToken(tokens.accessToken)
    await theirs.signIn(tokens)
    const api = ky.extend(kyAuth(mine)).extend(kyAuth(theirs))

    expect(await api.post(world.url('/api/items'), { json: 1 }).json()).toMatchObject({ identity: 'alice' })
    expect(await api.post(other.url('/api/items'), { json: 1 }).json()).toMatchObject({ identity: 'bob' })

    expect([world.issuer.tokenPosts, other.tokenPosts]).toEqual([1, 1])
    expect([world.issuer.leaks, other.leaks, world.strays]).toEqual([[], [], []])
    expect(world.issuer.apiRequests).toMatchObject({ ok: 1, refused: 1 })
    expect(other.apiRequests).toMatchObject({ ok: 1, refused: 1 })
    expect(warn).not.toHaveBeenCalled()
  })

  it('are not told of an origin that the other lists', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const nobody = world.open({ origins: ['https://other.test'] })
    const api = ky.extend(kyAuth(nobody)).extend(kyAuth(world.signInRefused()))

    await api(world.url('/api/items'))

    expect(warn).not.toHaveBeenCalled()
  })
})

describe('attach', () => {
  it('is called for each attempt, with the challenge for a nonce where there was one', async ({ world }) => {
    world.issuer.apiFaults.at(
      2,
      status(401, { headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' } }),
    )
    const attached: unknown[] = []
    const api = ky.extend(
      kyAuth(world.signInRefused(), {
        attach(request, { version, accessToken }, challenge) {
          attached.push([version, challenge?.headers.get('dpop-nonce'), request.headers.has('authorization')])
          request.headers.set('authorization', `Bearer ${accessToken}`)
          return request
        },
      }),
    )

    await api.post(world.url('/api/items'), { json: { a: 1 }, retry: 0 })

    expect(attached).toEqual([
      [1, undefined, false],
      [2, undefined, false],
      [2, 'n1', false],
    ])
    expect(world.calls.map(textOf)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}'])
  })

  it('to a stream that is asked for a nonce leaves the 401 to ky', async ({ world }) => {
    world.issuer.apiFaults.next(status(401, { headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } }))
    const api = ky.extend(kyAuth(world.signIn(), { attach: (request) => request }))

    const error = await caught(api.post(world.url('/api/items'), { body: new Blob(['streamed']).stream(), retry: 0 }))

    expect(error).toMatchObject({ name: 'HTTPError', response: { status: 401 } })
    expect(world.calls.map(textOf)).toEqual(['streamed'])
  })
})

describe('what ky hands to fetch', () => {
  it('is handed on, for both sends, by the caller’s own fetch', async ({ world }) => {
    const send = recordingFetch()
    const api = ky.create({ fetch: send, ...kyAuth(world.signInRefused()) })

    await api(world.url('/api/items'), { next: { revalidate: 60 } } as object)

    expect(send.sent.map(({ init }) => init)).toMatchObject([
      { next: { revalidate: 60 } },
      { next: { revalidate: 60 } },
    ])
  })

  it('goes through a fetch that was given after kyAuth, or for one call', async ({ world }) => {
    const [later, once] = [recordingFetch(), recordingFetch()]
    const api = ky.extend(kyAuth(world.signInRefused())).extend({ fetch: later })

    await api(world.url('/api/items'))
    await api(world.url('/api/items'), { fetch: once })

    expect([later.sent.length, once.sent.length]).toEqual([2, 1])
  })

  it('goes through the global fetch of the moment', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signInRefused()))
    const original = globalThis.fetch
    const late = recordingFetch()
    vi.stubGlobal('fetch', ((input, init) => {
      late.sent.push({ input, init })
      return original(input, init)
    }) satisfies typeof fetch)

    await api(world.url('/api/items'))
    vi.unstubAllGlobals()

    // The two of the call, and the refresh.
    expect(late.sent).toHaveLength(3)
  })

  it('keeps the referrer policy of the call', async ({ world }) => {
    const send = recordingFetch()

    await ky.extend({ fetch: send, ...kyAuth(world.signInRefused()) })(world.url('/api/items'), {
      referrerPolicy: 'no-referrer',
    })

    const sent = send.sent.map(({ input, init }) => new Request(input, init).referrerPolicy)
    expect(sent).toEqual(['no-referrer', 'no-referrer'])
  })
})
