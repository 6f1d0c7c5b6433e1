import type { Credential } from '@reauth/core'
import { createFetch, type FetchOptions } from '@reauth/fetch'
import { deferred, status } from '@reauth/testkit'
import { describe, expect } from 'vitest'

import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'
import { recordingFetch, textOf } from './sent.ts'

useMsw()

type Attach = NonNullable<FetchOptions['attach']>

interface Attached {
  readonly version: number
  readonly nonce: string | null | undefined
  readonly request: Request
}

/** Attaches a numbered proof, and notes each time what it was given. */
function provingAttach(): { attach: Attach; readonly attached: Attached[] } {
  const attached: Attached[] = []
  return {
    attached,
    attach(request, { version, accessToken }: Credential, challenge) {
      const nonce = challenge?.headers.get('dpop-nonce')
      attached.push({ version, nonce, request: request.clone() })
      request.headers.set('authorization', `Bearer ${accessToken}`)
      request.headers.set('x-proof', `${attached.length}`)
      return request
    },
  }
}

const wantsNonce = (nonce: string): ReturnType<typeof status> =>
  status(401, { headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': nonce }, body: nonce })

const post = { method: 'POST', headers: { 'x-one': '1' }, body: 'text' }

describe('attach', () => {
  it('is given the whole request and the credential, and nothing that we attached', async ({ world }) => {
    const { attach, attached } = provingAttach()

    await createFetch(world.signIn(), { attach })(world.url('/api/items?page=2'), post)

    expect(attached).toHaveLength(1)
    const { request, version, nonce } = attached[0]!
    expect(request).toMatchObject({ url: world.url('/api/items?page=2'), method: 'POST' })
    expect(await request.text()).toBe('text')
    expect(request.headers.get('x-one')).toBe('1')
    expect(request.headers.has('authorization')).toBe(false)
    expect(version).toBe(1)
    expect(nonce).toBeUndefined()
    expect(world.calls.map(({ answer }) => answer)).toEqual([200])
  })

  it('is called anew for the replay', async ({ world }) => {
    const { attach, attached } = provingAttach()

    const response = await createFetch(world.signInRefused(), { attach })(world.url('/api/items'), post)

    expect(response.status).toBe(200)
    expect(attached.map(({ version }) => version)).toEqual([1, 2])
    expect(world.calls.map(({ headers }) => headers['x-proof'])).toEqual(['1', '2'])
    expect(world.calls.map(textOf)).toEqual(['text', 'text'])
    expect(world.calls.map(({ headers }) => headers['x-one'])).toEqual(['1', '1'])
  })

  it('may take its time, and may return another request', async ({ world }) => {
    const session = world.signIn()
    const authFetch = createFetch(session, {
      async attach(request, { accessToken }) {
        await Promise.resolve()
        return new Request(request, { headers: { ...post.headers, authorization: `Bearer ${accessToken}` } })
      },
    })

    expect((await authFetch(world.url('/api/items'), post)).status).toBe(200)
    expect(world.calls.map(textOf)).toEqual(['text'])
  })

  it('that fails rejects the call with what it threw, and nothing is sent', async ({ world }) => {
    const failure = new Error('no key')
    const authFetch = createFetch(world.signIn(), { attach: () => Promise.reject(failure) })

    expect(await caught(authFetch(world.url('/api/items')))).toBe(failure)
    expect(world.calls).toHaveLength(0)
  })

  it('is not called where no credential goes', async ({ world }) => {
    const { attach, attached } = provingAttach()
    const session = world.signIn({ trace: () => {} })
    const authFetch = createFetch(session, { attach })

    await authFetch('https://elsewhere.test/')
    await authFetch(world.url('/api/items'), { headers: { authorization: 'Basic Zm9v' } })
    await session.signOut()
    await authFetch(world.url('/api/items'))

    expect(attached).toEqual([])
    expect(world.calls).toHaveLength(2)
  })

  it('is called where an Authorization of the caller is to be replaced', async ({ world }) => {
    const { attach } = provingAttach()
    const authFetch = createFetch(world.signIn(), { attach, authorization: 'replace' })

    const response = await authFetch(world.url('/api/items'), { headers: { Authorization: 'Basic Zm9v' } })

    expect(response.status).toBe(200)
  })

  it('leaves what it does not know of an init for fetch', async ({ world }) => {
    const { attach } = provingAttach()
    const send = recordingFetch()
    const authFetch = createFetch(world.signInRefused(), { attach, fetch: send })

    await authFetch(world.url('/api/items'), { next: { revalidate: 60 } } as RequestInit)

    expect(send.sent.map(({ init }) => init)).toMatchObject([
      { next: { revalidate: 60 } },
      { next: { revalidate: 60 } },
    ])
  })

  it('has its request end with the session, also while it is at work', async ({ world }) => {
    const session = world.signIn()
    const { tokens } = world.issuer.signIn({ identity: 'bob' })
    const begun = deferred()
    const proven = deferred()
    const authFetch = createFetch(session, {
      async attach(request) {
        begun.resolve()
        await proven.promise
        return request
      },
    })
    const call = caught(authFetch(world.url('/api/items'), post))
    await begun.promise

    void session.signOut()
    void session.signIn(tokens)
    proven.resolve()

    expect(await call).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(world.calls).toHaveLength(0)
  })
})

describe('a challenge for a nonce', () => {
  it('has the attempt repeated once, with the same credential and a new proof', async ({ world }) => {
    world.issuer.apiFaults.next(wantsNonce('n1'))
    const { attach, attached } = provingAttach()

    const response = await createFetch(world.signIn(), { attach })(world.url('/api/items'), post)

    expect(response.status).toBe(200)
    expect(attached.map(({ version, nonce }) => [version, nonce])).toEqual([
      [1, undefined],
      [1, 'n1'],
    ])
    expect(world.calls.map(textOf)).toEqual(['text', 'text'])
    expect(world.calls.map(({ headers }) => headers['x-proof'])).toEqual(['1', '2'])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('has the attempt with a Request repeated, with its body', async ({ world }) => {
    world.issuer.apiFaults.next(wantsNonce('n1'))
    const { attach } = provingAttach()

    const response = await createFetch(world.signIn(), { attach })(new Request(world.url('/api/items'), post))

    expect(response.status).toBe(200)
    expect(world.calls.map(textOf)).toEqual(['text', 'text'])
  })

  it('does not count as a refusal: both attempts of a request may meet one', async ({ world }) => {
    world.issuer.apiFaults.at(1, wantsNonce('n1'))
    world.issuer.apiFaults.at(3, wantsNonce('n2'))
    const { attach, attached } = provingAttach()

    const response = await createFetch(world.signInRefused(), { attach })(world.url('/api/items'), post)

    expect(response.status).toBe(200)
    expect(attached.map(({ version, nonce }) => [version, nonce])).toEqual([
      [1, undefined],
      [1, 'n1'],
      [2, undefined],
      [2, 'n2'],
    ])
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 401, 401, 200])
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('that comes again is returned as it is', async ({ world }) => {
    world.issuer.apiFaults.next(wantsNonce('n1'))
    world.issuer.apiFaults.next(wantsNonce('n2'))
    const { attach } = provingAttach()

    const response = await createFetch(world.signIn(), { attach })(world.url('/api/items'), post)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe('n2')
    expect(world.calls).toHaveLength(2)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('to a stream is returned as it is', async ({ world }) => {
    world.issuer.apiFaults.next(wantsNonce('n1'))
    const { attach } = provingAttach()
    const body = new Blob(['streamed']).stream()

    const response = await createFetch(world.signIn(), { attach })(world.url('/api/items'), {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe('n1')
    expect(world.calls.map(textOf)).toEqual(['streamed'])
  })

  it('is returned as it is where nobody attaches', async ({ world }) => {
    world.issuer.apiFaults.next(wantsNonce('n1'))

    const response = await createFetch(world.signIn())(world.url('/api/items'), post)

    expect(response.status).toBe(401)
    expect(world.calls).toHaveLength(1)
  })
})
