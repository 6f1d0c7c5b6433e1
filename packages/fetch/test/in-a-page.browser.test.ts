import { createSession, type Session } from '@reauth/core'
import { createFetch, refreshEndpoint } from '@reauth/fetch'
import { kyAuth } from '@reauth/fetch/ky'
import { createHarness, hold, holdAnswer, type Harness } from '@reauth/testkit'
import ky from 'ky'
import { http, HttpResponse, passthrough } from 'msw'
import { setupWorker } from 'msw/browser'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { caught } from './caught.ts'
import { formOf, textOf } from './sent.ts'

const worker = setupWorker()
let harness: Harness
let session: Session

beforeAll(async () => {
  await worker.start({ quiet: true, onUnhandledFrame: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } })
})
afterAll(async () => {
  await worker.stop()
})

/** The issuer is the page's own origin, under /api and /refresh, and listens at another one, too. */
beforeEach(async () => {
  harness = createHarness({ origin: location.origin })
  const answer = ({ request }: { request: Request }): Promise<Response> =>
    harness.issuer.fetch(request).catch(() => HttpResponse.error())
  worker.use(
    http.all(`${location.origin}/api/*`, answer),
    http.all(`${location.origin}/refresh`, answer),
    http.all('https://elsewhere.test/*', answer),
  )
  session = createSession({ refresh: refreshEndpoint('/refresh'), platform: harness.clock })
  await session.signIn(harness.issuer.signIn().tokens)
})
afterEach(async () => {
  await session[Symbol.asyncDispose]()
  worker.resetHandlers()
  await harness.verify()
})

const revoke = async (): Promise<void> => {
  harness.issuer.revokeAccessToken((await session.tokens())?.accessToken)
}
const calls = (): typeof harness.issuer.exchanges => harness.issuer.exchanges.filter(({ kind }) => kind === 'api')
const clients = {
  createFetch: (): typeof fetch => createFetch(session),
  ky: (): typeof fetch => {
    const api = ky.extend({ retry: 0, throwHttpErrors: false, ...kyAuth(session) })
    return (input, init) => api(input as Request, init as object)
  },
}

describe.for(Object.entries(clients))('%s in a page', ([, make]) => {
  it('sends to the page’s own origin without being told, and replays after a refresh', async () => {
    await revoke()

    const response = await make()('/api/items?page=2', { method: 'POST', headers: { 'x-one': '1' }, body: 'péage' })

    expect(await response.json()).toEqual({ identity: 'alice', path: '/api/items' })
    expect(calls().map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of calls()) {
      expect(call).toMatchObject({ method: 'POST', url: `${location.origin}/api/items?page=2` })
      expect(call.headers['x-one']).toBe('1')
      expect(textOf(call)).toBe('péage')
    }
    expect(harness.issuer.tokenPosts).toBe(1)
  })

  it('replays a Request with a form and its files', async () => {
    await revoke()
    const body = new FormData()
    body.append('name', 'péage')
    body.append('file', new File(['bytes'], 'bytes.bin'))

    const response = await make()(new Request('/api/items', { method: 'POST', body }))

    expect(response.status).toBe(200)
    expect(calls().map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of calls()) {
      const form = await formOf(call)
      expect(form.get('name')).toBe('péage')
      expect(await (form.get('file') as File).text()).toBe('bytes')
    }
  })

  it('refreshes once for 20 calls at once', async () => {
    await revoke()
    const gate = harness.issuer.faults.next(hold())
    const client = make()

    const all = Array.from({ length: 20 }, (_, index) => client(`/api/${index}`))
    await gate.arrived
    gate.release()

    expect((await Promise.all(all)).every(({ ok }) => ok)).toBe(true)
    expect(harness.issuer.tokenPosts).toBe(1)
  })

  it('gives nothing to another origin, and tells of its 401', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()

    const response = await make()('https://elsewhere.test/items')

    expect(response.status).toBe(401)
    expect(harness.issuer.exchanges.map(({ headers }) => headers['authorization'])).toEqual([undefined])
    expect(warn).toHaveBeenCalledOnce()
    warn.mockRestore()
  })

  it('rejects with AuthenticationError when it is refused twice', async () => {
    expect(await caught(make()('/api/refused'))).toMatchObject({
      name: 'AuthenticationError',
      code: 401,
      reason: 'refused',
    })
    expect(calls()).toHaveLength(2)
  })

  it('ends in flight with the session, and says why', async () => {
    const gate = harness.issuer.apiFaults.next(hold())
    const call = caught(make()('/api/items'))
    await gate.arrived

    void session.signOut()
    const error = await call
    gate.release()

    expect(error).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
  })

  it('ends with the signal of its caller while it waits for a refresh, with its reason', async () => {
    await revoke()
    const gate = harness.issuer.faults.next(holdAnswer())
    const controller = new AbortController()
    const call = caught(make()('/api/items', { signal: controller.signal }))
    await gate.arrived
    const reason = new Error('enough')

    controller.abort(reason)
    const error = await call
    gate.release()

    expect(error).toBe(reason)
  })
})

describe('createFetch in a page', () => {
  it('can be what the page calls fetch', async () => {
    await revoke()
    vi.stubGlobal('fetch', createFetch(session))

    const response = await fetch('/api/items')
    vi.unstubAllGlobals()

    expect(response.status).toBe(200)
    expect(harness.issuer.tokenPosts).toBe(1)
  })

  it('sends a stream once, and returns its 401 as it is', async () => {
    await revoke()
    const refreshed = new Promise((resolve) => {
      session.on('refreshed', resolve)
    })
    worker.use(http.post(`${location.origin}/api/upload`, () => passthrough(), { once: true }))
    const sent: (RequestInit | undefined)[] = []
    const body = new Blob(['streamed']).stream()
    // Chromium sends streams over HTTP/2 only, so this one is answered before it reaches the network.
    const authFetch = createFetch(session, {
      async fetch(_input, init) {
        sent.push(init)
        return new Response('as it is', { status: 401 })
      },
    })

    const response = await authFetch('/api/upload', { method: 'POST', body, duplex: 'half' } as RequestInit)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe('as it is')
    expect(sent).toHaveLength(1)
    expect(sent[0]?.body).toBe(body)
    await refreshed
  })

  it('keeps credentials, mode and referrer policy of a Request', async () => {
    const sent: Request[] = []
    const authFetch = createFetch(session, {
      async fetch(input, init) {
        sent.push(new Request(input, init))
        return new Response()
      },
    })

    await authFetch(
      new Request('/api/items', {
        credentials: 'omit',
        mode: 'same-origin',
        referrerPolicy: 'no-referrer',
        cache: 'no-cache',
      }),
    )

    expect(sent[0]).toMatchObject({
      credentials: 'omit',
      mode: 'same-origin',
      referrerPolicy: 'no-referrer',
      cache: 'no-cache',
    })
    expect(sent[0]?.headers.get('authorization')).toMatch(/^Bearer /)
  })

  it('leaves a manual redirect opaque', async () => {
    worker.use(
      http.get(
        `${location.origin}/api/moved`,
        () => new Response(null, { status: 302, headers: { location: '/api/items' } }),
      ),
    )

    const response = await createFetch(session)('/api/moved', { redirect: 'manual' })

    expect(response).toMatchObject({ type: 'opaqueredirect', status: 0 })
    expect(harness.issuer.tokenPosts).toBe(0)
  })
})
