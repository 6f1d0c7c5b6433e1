import { createFetch } from '@reauth/fetch'
import { describe, expect } from 'vitest'

import { it } from './over-http.ts'
import { formOf, textOf } from './sent.ts'

// Over real HTTP: under msw 3.0.5 a copy of a Request's headers lacks some of them.

const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)

const bodies: [string, () => BodyInit, string][] = [
  ['a string', () => 'péage € 𝄞', 'text/plain;charset=UTF-8'],
  ['an empty string', () => '', 'text/plain;charset=UTF-8'],
  ['URLSearchParams', () => new URLSearchParams({ a: '1 2' }), 'application/x-www-form-urlencoded;charset=UTF-8'],
  ['a Blob', () => new Blob([bytes], { type: 'application/x-bytes' }), 'application/x-bytes'],
  ['a Blob without a type', () => new Blob([bytes]), ''],
  ['an ArrayBuffer', () => bytes.slice().buffer, ''],
  ['a part of a typed array', () => bytes.subarray(16, 48), ''],
  ['one MiB', () => new Uint8Array(1_048_576).fill(7), ''],
]

describe('a replay', () => {
  it.for(bodies)('sends a Request with %s again, byte for byte', async ([, make, type], { world }) => {
    const expected = new Uint8Array(await new Response(make()).arrayBuffer())
    const init = { method: 'PUT', headers: { 'x-one': '1', 'idempotency-key': 'k' }, body: make() }

    const response = await createFetch(world.signInRefused())(new Request(world.url('/api/items?page=2'), init))

    expect(response.status).toBe(200)
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const { method, url, headers, body } of world.calls) {
      expect(method).toBe('PUT')
      expect(url).toBe(world.issuer.url('/api/items?page=2'))
      expect(headers).toMatchObject({ 'x-one': '1', 'idempotency-key': 'k' })
      expect(headers['content-type'] ?? '').toBe(type)
      expect(body).toEqual(expected)
    }
    const [first, second] = world.calls
    expect({ ...second?.headers, authorization: '' }).toEqual({ ...first?.headers, authorization: '' })
  })

  it('sends a Request with a form again, with its files', async ({ world }) => {
    const form = new FormData()
    form.append('name', 'péage')
    form.append('file', new File([bytes], 'bytes.bin', { type: 'application/x-bytes' }))

    await createFetch(world.signInRefused())(new Request(world.url('/api/items'), { method: 'POST', body: form }))

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    for (const call of world.calls) {
      const sent = await formOf(call)
      expect(sent.get('name')).toBe('péage')
      expect(new Uint8Array(await (sent.get('file') as File).arrayBuffer())).toEqual(bytes)
    }
  })

  it.for<[string, RequestInit]>([
    ['headers', { headers: { 'x-of': 'init' } }],
    ['a method', { method: 'PUT' }],
    ['a body', { body: 'of the init' }],
    ['an empty body', { body: '' }],
    ['a form', { body: new URLSearchParams({ of: 'init' }) }],
  ])('sends a Request with %s of an init again, as fetch reads the two', async ([, init], { world }) => {
    const make = (): Request =>
      new Request(world.url('/api/echo'), { method: 'POST', headers: { 'x-of': 'request' }, body: 'of the request' })
    const bare = await fetch(make(), { ...init, headers: { ...headersOf(make(), init), authorization: 'Basic Zm9v' } })
    expect(bare.status).toBe(401)

    const response = await createFetch(world.signInRefused())(make(), init)

    expect(response.status).toBe(200)
    expect(world.calls).toHaveLength(3)
    const [expected, ...sent] = world.calls
    for (const call of sent) {
      expect(call.method).toBe(expected?.method)
      expect(textOf(call)).toBe(textOf(expected!))
      expect({ ...call.headers, authorization: '' }).toEqual({ ...expected?.headers, authorization: '' })
    }
  })

  it('sends what a Request brought as a stream again, since a Request is copied', async ({ world }) => {
    const request = new Request(world.url('/api/items'), {
      method: 'POST',
      body: new Blob(['streamed']).stream(),
      duplex: 'half',
    } as RequestInit)

    const response = await createFetch(world.signInRefused())(request)

    expect(response.status).toBe(200)
    expect(world.calls.map(textOf)).toEqual(['streamed', 'streamed'])
  })

  it('leaves the Request unread where the init brings the body', async ({ world }) => {
    const request = new Request(world.url('/api/items'), { method: 'POST', body: 'of the request' })

    await createFetch(world.signInRefused())(request, { body: 'of the init' })

    expect(request.bodyUsed).toBe(false)
    expect(await request.text()).toBe('of the request')
  })
})

function headersOf(request: Request, init: RequestInit): Record<string, string> {
  return Object.fromEntries(init.headers === undefined ? request.headers : new Headers(init.headers))
}
