import { kyAuth } from '@reauth/fetch/ky'
import { status } from '@reauth/testkit'
import ky from 'ky'
import { describe, expect, vi } from 'vitest'

import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'
import { recordingFetch, textOf } from './sent.ts'

useMsw()

const now = { delay: () => 0 }

describe('hooks of the caller', () => {
  it.for(['before', 'after'])('run in their order, where they stand %s ours', async (place, { world }) => {
    const ran: string[] = []
    const theirs = {
      hooks: {
        init: [() => void ran.push('init')],
        beforeRequest: [
          ({ request }: { request: Request }) => {
            ran.push(`beforeRequest ${request.headers.has('authorization')}`)
            request.headers.set('x-hook', '1')
          },
        ],
        beforeRetry: [
          ({ request }: { request: Request }) => {
            ran.push('beforeRetry')
            request.headers.set('x-retry', '1')
          },
        ],
        afterResponse: [({ response }: { response: Response }) => void ran.push(`afterResponse ${response.status}`)],
      },
    }
    world.issuer.apiFaults.at(2, status(503))
    const ours = kyAuth(world.signInRefused())
    const [first, second] = place === 'before' ? [theirs, ours] : [ours, theirs]
    const api = ky
      .extend({ retry: { limit: 1, ...now } })
      .extend(first)
      .extend(second)

    await api.put(world.url('/api/items'), { json: 1 })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 503, 200])
    // What they made of the request is kept for the replay, and they are not run again for it.
    expect(world.calls.map(({ headers }) => [headers['x-hook'], headers['x-retry']])).toEqual([
      ['1', undefined],
      ['1', undefined],
      ['1', '1'],
    ])
    expect(ran).toEqual([
      'init',
      `beforeRequest ${place === 'after'}`,
      `afterResponse ${place === 'after' ? 503 : 401}`,
      'beforeRetry',
      'afterResponse 200',
    ])
  })

  it('that return another request have that sent, and replayed', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signInRefused())).extend({
      hooks: {
        beforeRequest: [
          ({ request }) => new Request(`${request.url}?signed=1`, request),
          ({ request }) => new Request(request, { headers: [...request.headers, ['x-hook', '1']] }),
        ],
      },
    })

    await api.post(world.url('/api/items'), { body: 'text' })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of world.calls) {
      expect(call.url).toBe(world.issuer.url('/api/items?signed=1'))
      expect(call.headers['x-hook']).toBe('1')
      expect(textOf(call)).toBe('text')
    }
  })

  it('that lead a request to an origin that is not listed take no token there', async ({ world }) => {
    const api = ky.extend({ throwHttpErrors: false, ...kyAuth(world.signIn()) }).extend({
      hooks: { beforeRequest: [({ request }) => new Request('https://elsewhere.test/', request)] },
    })
    vi.spyOn(console, 'warn').mockReturnValue()

    await caught(api(world.url('/api/items')))

    expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined])
    expect(world.issuer.leaks).toEqual([])
  })

  it('that lead a retry to an origin that is not listed take no token there', async ({ world }) => {
    world.issuer.apiFaults.next(status(503))
    vi.spyOn(console, 'warn').mockReturnValue()
    const api = ky.extend({ throwHttpErrors: false, retry: { limit: 1, ...now }, ...kyAuth(world.signIn()) }).extend({
      hooks: {
        afterResponse: [
          ({ response }) =>
            response.status === 503
              ? ky.retry({ request: new Request('https://elsewhere.test/'), delay: 0 })
              : undefined,
        ],
      },
    })

    await caught(api(world.url('/api/items')))

    expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined])
    expect(world.issuer.leaks).toEqual([])
  })

  it('that answer in the server’s place, with a 401, are taken at their word', async ({ world }) => {
    const send = recordingFetch()
    const api = ky.extend({ fetch: send, throwHttpErrors: false, ...kyAuth(world.signIn()) }).extend({
      hooks: { beforeRequest: [() => new Response('of the hook', { status: 401 })] },
    })

    const response = await api(world.url('/api/items'))

    expect(response.status).toBe(401)
    expect(send.sent).toEqual([])
  })

  it('that force a retry in spite of the replay get one', async ({ world }) => {
    let forced = 0
    const api = ky.extend({ retry: { limit: 1, ...now }, ...kyAuth(world.signInRefused()) }).extend({
      hooks: { afterResponse: [() => (forced++ === 0 ? ky.retry({ delay: 0 }) : undefined)] },
    })

    await api.post(world.url('/api/items'), { json: { a: 1 } })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200, 200])
    expect(world.calls.map(textOf)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}'])
    expect(world.calls[2]?.accessToken).toBe(world.calls[1]?.accessToken)
  })

  it('may have a context of their own, which stays as it was', async ({ world }) => {
    const context = Object.freeze({ traceId: 't1' })
    const seen: unknown[] = []
    const api = ky.extend({ context, ...kyAuth(world.signInRefused()) }).extend({
      hooks: { beforeRequest: [({ options }) => void seen.push(options.context['traceId'])] },
    })

    await api(world.url('/api/items'))

    expect(seen).toEqual(['t1'])
    expect(Reflect.ownKeys(context)).toEqual(['traceId'])
  })

  it('see no token in the options that ky shows them', async ({ world }) => {
    const seen: string[] = []
    const api = ky.extend(kyAuth(world.signIn())).extend({
      hooks: { afterResponse: [({ options }) => void seen.push(JSON.stringify(options))] },
    })

    await api(world.url('/api/items'))

    expect(seen).toHaveLength(1)
    expect(seen.some((text) => world.issuer.isTokenIn(text))).toBe(false)
  })
})

describe('instances that extend one another', () => {
  it('share the session, and keep their own options', async ({ world }) => {
    const base = ky.create({ prefix: world.url('/api'), ...kyAuth(world.signInRefused()) })
    const slow = base.extend({ headers: { 'x-slow': '1' }, timeout: false })

    await slow('items')
    await base('items')

    expect(world.calls.map(({ headers }) => headers['x-slow'])).toEqual(['1', '1', undefined])
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('with the same session twice send the credential and replay, once', async ({ world }) => {
    const session = world.signInRefused()
    const api = ky.extend(kyAuth(session)).extend(kyAuth(session))

    await api.post(world.url('/api/items'), { json: 1 })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('that drop the hooks send bare', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signIn())).extend({ hooks: undefined!, throwHttpErrors: false })

    expect((await api(world.url('/api/items'), { hooks: { beforeRequest: undefined! } })).status).toBe(401)
    expect(world.issuer.tokenPosts).toBe(0)
  })
})
