import { createFetch } from '@reauth/fetch'
import { hold } from '@reauth/testkit'
import fc from 'fast-check'
import { describe, expect } from 'vitest'

import { formOf, recordingFetch, textOf } from './sent.ts'
import { it, useMsw } from './over-msw.ts'

useMsw()

const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)

describe('a replay', () => {
  const bodies: [string, () => BodyInit, string][] = [
    ['a string', () => 'péage € 𝄞', 'text/plain;charset=UTF-8'],
    ['an empty string', () => '', 'text/plain;charset=UTF-8'],
    [
      'URLSearchParams',
      () => new URLSearchParams({ a: '1 2', b: '€' }),
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a Blob', () => new Blob([bytes], { type: 'application/x-bytes' }), 'application/x-bytes'],
    ['a Blob without a type', () => new Blob([bytes]), ''],
    ['an ArrayBuffer', () => bytes.slice().buffer, ''],
    ['a typed array', () => bytes.slice(), ''],
    ['a part of a typed array', () => bytes.subarray(16, 48), ''],
    ['a DataView', () => new DataView(bytes.slice().buffer, 8, 8), ''],
  ]

  it.for(bodies)('sends %s again, byte for byte, with method and headers', async ([, make, type], { world }) => {
    const session = world.signInRefused()
    const expected = new Uint8Array(await new Response(make()).arrayBuffer())
    const init = { method: 'PATCH', headers: { 'x-one': '1', 'idempotency-key': 'k' }, body: make() }

    const response = await createFetch(session)(world.url('/api/items?page=2'), init)

    expect(response.status).toBe(200)
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const { method, url, headers, body } of world.calls) {
      expect(method).toBe('PATCH')
      expect(url).toBe(world.url('/api/items?page=2'))
      expect(headers).toMatchObject({ 'x-one': '1', 'idempotency-key': 'k' })
      expect(headers['content-type'] ?? '').toBe(type)
      expect(body).toEqual(expected)
    }
    const [first, second] = world.calls
    expect(first?.accessToken).not.toBe(second?.accessToken)
    expect({ ...second?.headers, authorization: '' }).toEqual({ ...first?.headers, authorization: '' })
  })

  it('sends a form again, with its files', async ({ world }) => {
    const session = world.signInRefused()
    const form = new FormData()
    form.append('name', 'péage')
    form.append('name', 'second')
    form.append('file', new File([bytes], 'bytes.bin', { type: 'application/x-bytes' }))

    await createFetch(session)(world.url('/api/items'), { method: 'POST', body: form })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of world.calls) {
      const sent = await formOf(call)
      expect(sent.getAll('name')).toEqual(['péage', 'second'])
      const file = sent.get('file') as File
      expect(file).toMatchObject({ name: 'bytes.bin', type: 'application/x-bytes' })
      expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes)
    }
  })

  it.for(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('sends a %s without a body again', async (method, { world }) => {
    const session = world.signInRefused()

    const response = await createFetch(session)(new Request(world.url('/api/items'), { method }))

    expect(response.status).toBe(200)
    expect(world.calls.map((call) => [call.method, call.answer])).toEqual([
      [method, 401],
      [method, 200],
    ])
  })

  it('sends what a Request brought as a stream again, since a Request is copied', async ({ world }) => {
    const session = world.signInRefused()
    const request = new Request(world.url('/api/items'), {
      method: 'POST',
      body: new Blob(['streamed']).stream(),
      duplex: 'half',
    } as RequestInit)

    const response = await createFetch(session)(request)

    expect(response.status).toBe(200)
    expect(world.calls.map(textOf)).toEqual(['streamed', 'streamed'])
  })

  it('leaves a Request used after it was sent, as fetch does', async ({ world }) => {
    const authFetch = createFetch(world.signIn())
    const request = new Request(world.url('/api/items'), { method: 'POST', body: 'once' })

    await authFetch(request)

    expect(request.bodyUsed).toBe(true)
    await expect(authFetch(request)).rejects.toThrow(TypeError)
  })

  it('sends any text that fits into a body, whatever is in it', async ({ world }) => {
    const session = world.signIn()
    const authFetch = createFetch(session)

    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), async (body, asRequest) => {
        const text = new TextDecoder().decode(new TextEncoder().encode(body))
        const url = world.url('/api/items')
        world.issuer.revokeAccessToken((await session.tokens())?.accessToken)
        const init = { method: 'POST', body }
        await (asRequest ? authFetch(new Request(url, init)) : authFetch(url, init))
        expect(
          world.calls.slice(-2).map((call) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(call.body)),
        ).toEqual([text, text])
      }),
      { numRuns: 40 },
    )
  })
})

describe('a stream as a body', () => {
  const chunks = ['one', 'two', 'three']

  function countedStream(): { body: ReadableStream<Uint8Array>; readonly pulled: number } {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const chunk = chunks[pulled++]
          if (chunk === undefined) controller.close()
          else controller.enqueue(new TextEncoder().encode(chunk))
        },
      },
      { highWaterMark: 0 },
    )
    return {
      body,
      get pulled() {
        return pulled
      },
    }
  }

  async function* generate(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield new TextEncoder().encode(chunk)
  }

  const streams: [string, () => BodyInit][] = [
    ['a ReadableStream', () => countedStream().body],
    ['an async iterable', () => generate() as unknown as BodyInit],
  ]
  const post = (body: BodyInit): RequestInit => ({ method: 'POST', body, duplex: 'half' }) as RequestInit

  it.for(streams)('goes once, as it is: %s', async ([, make], { world }) => {
    const send = recordingFetch()
    const body = make()

    const response = await createFetch(world.signIn(), { fetch: send })(world.url('/api/items'), post(body))

    expect(response.status).toBe(200)
    expect(world.calls.map(textOf)).toEqual(['onetwothree'])
    expect(send.sent[0]?.init?.body).toBe(body)
    expect(send.sent[0]?.init).toMatchObject({ duplex: 'half' })
  })

  it('is not read before it is sent', async ({ world }) => {
    const stream = countedStream()
    let pulledAtSend: number | undefined
    const authFetch = createFetch(world.signIn(), {
      fetch: async (input, init) => {
        pulledAtSend = stream.pulled
        return fetch(input, init)
      },
    })

    await authFetch(world.url('/api/items'), post(stream.body))

    expect(pulledAtSend).toBe(0)
  })

  it.for(streams)('gets its 401 back as it is, after %s was sent once', async ([, make], { world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.faults.next(hold())

    const response = await createFetch(session)(world.url('/api/items'), post(make()))

    expect(response.status).toBe(401)
    expect(response.bodyUsed).toBe(false)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    expect(world.calls).toHaveLength(1)
    // The refresh is under way, and the answer did not wait for it.
    expect(session.state).toMatchObject({ version: 1 })
    await gate.arrived
    gate.release()
    await new Promise((resolve) => {
      session.on('refreshed', resolve)
    })
    expect(world.calls).toHaveLength(1)
  })

  it('leaves the next call a credential that works', async ({ world }) => {
    const session = world.signInRefused()
    const authFetch = createFetch(session)

    expect((await authFetch(world.url('/api/items'), post(countedStream().body))).status).toBe(401)
    expect((await authFetch(world.url('/api/items'), post(countedStream().body))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('gets its 401 back where the refresh fails, and nothing is unhandled', async ({ world }) => {
    const session = world.signIn()
    const { accessToken, refreshToken } = (await session.tokens()) ?? {}
    world.issuer.revokeAccessToken(accessToken)
    world.issuer.revokeRefreshToken(refreshToken)

    const failed = new Promise((resolve) => {
      session.on('refresh-failed', resolve)
    })

    const response = await createFetch(session)(world.url('/api/items'), post(countedStream().body))

    expect(response.status).toBe(401)
    expect(await failed).toMatchObject({ error: { reason: 'rejected' } })
  })

  it('has the credential renewed before it is sent, when that is near its end', async ({ world }) => {
    const session = world.signIn()
    const authFetch = createFetch(session)
    await world.clock.advance(245_000)

    // 55 s are left of 300: enough for what can be sent twice, not for what cannot.
    await authFetch(world.url('/api/items'), { method: 'POST', body: 'text' })
    expect(world.issuer.tokenPosts).toBe(0)
    await authFetch(world.url('/api/items'), post(countedStream().body))

    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls.map(({ answer }) => answer)).toEqual([200, 200])
    expect(world.calls.at(-1)?.accessToken).toBe((await session.tokens())?.accessToken)
  })

  it('has the credential renewed by the margin that the option says', async ({ world }) => {
    const authFetch = createFetch(world.signIn(), { minValidityMs: 90_000 })
    await world.clock.advance(215_000)

    await authFetch(world.url('/api/items'))

    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('goes bare, once, when nobody is signed in', async ({ world }) => {
    const response = await createFetch(world.open())(world.url('/api/items'), post(countedStream().body))

    expect(response.status).toBe(401)
    expect(world.calls.map(textOf)).toEqual(['onetwothree'])
  })
})
