import { AuthenticationError, RefreshError } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { hold, refuse, status } from '@reauth/testkit'
import { describe, expect } from 'vitest'

import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'
import { textOf } from './sent.ts'

useMsw()

const challenged = (challenge: string, code = 401): ReturnType<typeof status> =>
  status(code, { headers: { 'www-authenticate': challenge }, body: 'of the server' })

describe('a 401', () => {
  it('costs one refresh and one replay, which its caller does not notice', async ({ world }) => {
    const session = world.signInRefused()

    const response = await createFetch(session)(world.url('/api/items'))

    expect(await response.json()).toEqual({ identity: 'alice', path: '/api/items' })
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 200])
    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls[1]?.accessToken).toBe((await session.tokens())?.accessToken)
  })

  it('without a challenge is a refusal', async ({ world }) => {
    world.issuer.apiFaults.next(status(401))

    expect((await createFetch(world.signIn())(world.url('/api/items'))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('for a token that another call has replaced since costs no refresh', async ({ world }) => {
    const session = world.signInRefused()
    const authFetch = createFetch(session)
    const late = world.issuer.apiFaults.next(hold())
    const first = world.track(authFetch(world.url('/api/late')))
    await late.arrived

    expect((await authFetch(world.url('/api/early'))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
    late.release()

    expect((await first).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('after a refresh that failed shares its failure, and costs no other', async ({ world }) => {
    const session = world.signInRefused()
    const authFetch = createFetch(session)
    const late = world.issuer.apiFaults.next(hold())
    const first = world.track(authFetch(world.url('/api/late')))
    first.catch(() => {})
    await late.arrived
    world.issuer.faults.next(status(503))

    const failure = await caught(authFetch(world.url('/api/early')))
    late.release()

    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    await expect(first).rejects.toBe(failure)
    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls).toHaveLength(2)
    expect(session.state.status).toBe('active')
  })

  it('that only the first try gets is no word against the second', async ({ world }) => {
    world.issuer.apiFaults.next(refuse())
    const session = world.signIn()

    await createFetch(session)(world.url('/api/items'))
    await createFetch(session)(world.url('/api/items'))

    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('has its body cancelled before the replay', async ({ world }) => {
    const events: string[] = []
    const body = new ReadableStream({ cancel: () => void events.push('cancelled') }, { highWaterMark: 0 })
    const answers = [new Response(body, { status: 401 }), new Response('fine')]
    const authFetch = createFetch(world.signIn(), {
      async fetch() {
        events.push('sent')
        return answers.shift()!
      },
    })

    await authFetch(world.url('/api/items'))

    expect(events).toEqual(['sent', 'cancelled', 'sent'])
  })

  it('whose body somebody has locked is replayed all the same', async ({ world }) => {
    const refusal = new Response('locked', { status: 401 })
    const answers = [refusal, new Response('fine')]
    const authFetch = createFetch(world.signIn(), {
      fetch: async () => answers.shift()!,
      classify({ body }) {
        if (body?.locked === false) body.getReader()
        return undefined
      },
    })

    expect((await authFetch(world.url('/api/items'))).status).toBe(200)
  })
})

describe('a request that is refused twice', () => {
  it('rejects with AuthenticationError, code 401, and is not sent a third time', async ({ world }) => {
    const session = world.signIn()

    const failure = await caught(createFetch(session)(world.url('/api/refused')))

    expect(failure).toBeInstanceOf(AuthenticationError)
    expect(failure).toMatchObject({ name: 'AuthenticationError', code: 401, reason: 'refused' })
    expect(world.calls).toHaveLength(2)
    expect(world.issuer.tokenPosts).toBe(1)
    expect(session.state.status).toBe('active')
  })

  it('costs no refresh when it is tried again within a minute, and the rest goes on', async ({ world }) => {
    const authFetch = createFetch(world.signIn())
    await authFetch(world.url('/api/refused')).catch(() => {})

    await expect(authFetch(world.url('/api/refused'))).rejects.toMatchObject({ reason: 'refused' })
    expect((await authFetch(world.url('/api/items'))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.issuer.apiRequests.refused).toBe(3)

    await world.clock.advance(60_000)
    await expect(authFetch(world.url('/api/refused'))).rejects.toMatchObject({ reason: 'refused' })
    expect(world.issuer.tokenPosts).toBe(2)
  })

  it('expires the session where the application says so', async ({ world }) => {
    const session = world.signIn({ expireWhenRefused: true })

    await expect(createFetch(session)(world.url('/api/refused'))).rejects.toMatchObject({ reason: 'refused' })

    expect(session.state).toMatchObject({ status: 'expired', error: { reason: 'refused' } })
  })

  it('has its second answer cancelled', async ({ world }) => {
    let cancelled = 0
    const refusal = (): Response =>
      new Response(new ReadableStream({ cancel: () => void cancelled++ }, { highWaterMark: 0 }), { status: 401 })
    const authFetch = createFetch(world.signIn(), { fetch: async () => refusal() })

    await expect(authFetch(world.url('/api/items'))).rejects.toMatchObject({ reason: 'refused' })

    expect(cancelled).toBe(2)
  })

  it('says nothing of tokens in its error', async ({ world }) => {
    const failure = (await caught(createFetch(world.signIn())(world.url('/api/refused')))) as AuthenticationError

    expect(world.issuer.isTokenIn(`${failure.message} ${JSON.stringify(failure)}`)).toBe(false)
  })
})

describe('an answer that no other token would change', () => {
  it.for<[string, number, string]>([
    ['a 403', 403, ''],
    ['a 403 that speaks of an invalid token', 403, 'Bearer error="invalid_token"'],
    ['a 401 that wants a stronger sign-in', 401, 'Bearer error="insufficient_user_authentication", acr_values="myACR"'],
    ['a 401 that wants a nonce', 401, 'DPoP error="use_dpop_nonce"'],
    ['a 401 that wants another scope', 401, 'Bearer error="insufficient_scope", scope="admin"'],
    [
      'a 401 of which one challenge wants a nonce',
      401,
      'Bearer realm="a, b", DPoP algs="ES256", error="use_dpop_nonce"',
    ],
    ['a 400', 400, ''],
    ['a 404', 404, ''],
    ['a 402', 402, 'Bearer error="invalid_token"'],
    ['a 419', 419, ''],
    ['a 500', 500, 'Bearer error="invalid_token"'],
  ])('%s is returned with its body, and costs no refresh', async ([, code, challenge], { world }) => {
    world.issuer.apiFaults.next(challenged(challenge, code))

    const response = await createFetch(world.signIn())(world.url('/api/items'))

    expect(response.status).toBe(code)
    expect(await response.text()).toBe('of the server')
    expect(world.calls).toHaveLength(1)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('is returned where it is the answer to the replay', async ({ world }) => {
    world.issuer.apiFaults.at(2, challenged('', 403))
    const session = world.signInRefused()

    const response = await createFetch(session)(world.url('/api/items'))

    expect(response.status).toBe(403)
    expect(await response.text()).toBe('of the server')
    expect(world.issuer.tokenPosts).toBe(1)
    expect(session.state.status).toBe('active')
  })
})

describe('classify', () => {
  it('can call a refusal what the status does not', async ({ world }) => {
    world.issuer.apiFaults.next(status(419))
    const authFetch = createFetch(world.signIn(), {
      classify: (response) => (response.status === 419 ? 'refused' : undefined),
    })

    expect((await authFetch(world.url('/api/items'))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it.for(['denied', 'transient'] as const)('can say that a 401 is %s', async (verdict, { world }) => {
    const authFetch = createFetch(world.signInRefused(), { classify: () => verdict })

    expect((await authFetch(world.url('/api/items'))).status).toBe(401)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('leaves the rules alone where it returns undefined', async ({ world }) => {
    const authFetch = createFetch(world.signInRefused(), { classify: () => undefined })

    expect((await authFetch(world.url('/api/items'))).status).toBe(200)
  })

  it('that always says refused ends in an error after two tries', async ({ world }) => {
    const authFetch = createFetch(world.signIn(), { classify: () => 'refused' })

    await expect(authFetch(world.url('/api/items'))).rejects.toMatchObject({ reason: 'refused' })
    expect(world.calls).toHaveLength(2)
  })

  it('is not asked about origins that are not listed', async ({ world }) => {
    const authFetch = createFetch(world.signIn({ trace: () => {} }), { classify: () => 'refused' })

    expect((await authFetch('https://elsewhere.test/')).status).toBe(401)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('that throws rejects the call with what it threw', async ({ world }) => {
    const failure = new Error('of the application')
    const authFetch = createFetch(world.signIn(), {
      classify() {
        throw failure
      },
    })

    await expect(authFetch(world.url('/api/items'))).rejects.toBe(failure)
  })
})

describe('a refresh that a call needs', () => {
  it('happens before the call where the credential is stale', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)

    expect((await createFetch(session)(world.url('/api/items'))).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls).toHaveLength(1)
  })

  it('ends in the RefreshError of which it failed, and the call is not sent', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)
    world.issuer.faults.next(status(503, { retryAfter: 7 }))

    const failure = await caught(createFetch(session)(world.url('/api/items')))

    expect(failure).toBeInstanceOf(RefreshError)
    expect(failure).toMatchObject({ reason: 'unavailable', retryAfterMs: 7000 })
    expect(world.calls).toHaveLength(0)
    expect(session.state.status).toBe('active')
  })

  it('ends in AuthenticationError where the issuer rejects the grant, and the session is expired', async ({
    world,
  }) => {
    const session = world.signInRefused()
    world.issuer.revokeRefreshToken((await session.tokens())?.refreshToken)

    await expect(createFetch(session)(world.url('/api/items'), { method: 'POST', body: 'kept' })).rejects.toMatchObject(
      { name: 'AuthenticationError', code: 401, reason: 'expired' },
    )

    expect(session.state.status).toBe('expired')
    expect(world.calls.map(textOf)).toEqual(['kept'])
    expect(await session.tokens()).toBeDefined()
  })

  it('is not tried again by calls of an expired session', async ({ world }) => {
    const session = world.signInRefused()
    world.issuer.revokeRefreshToken((await session.tokens())?.refreshToken)
    const authFetch = createFetch(session)
    await authFetch(world.url('/api/items')).catch(() => {})

    await expect(authFetch(world.url('/api/items'))).rejects.toMatchObject({ reason: 'expired' })
    await world.clock.advance(3_600_000)
    await expect(authFetch(world.url('/api/items'))).rejects.toMatchObject({ reason: 'expired' })

    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls).toHaveLength(1)
  })
})

describe('nobody signed in', () => {
  it('sends bare and returns the answer as it is', async ({ world }) => {
    const response = await createFetch(world.open())(world.url('/api/items'), {
      method: 'POST',
      body: 'password=wrong',
    })

    expect(response.status).toBe(401)
    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('sends bare after a sign-out', async ({ world }) => {
    const session = world.signIn()
    await session.signOut()

    expect((await createFetch(session)(world.url('/api/items'))).status).toBe(401)
    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
  })

  it('sends bare after an expired session was signed out', async ({ world }) => {
    const session = world.signIn()
    session.expire()
    await session.signOut()

    expect((await createFetch(session)(world.url('/api/items'))).status).toBe(401)
    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
    expect(world.issuer.tokenPosts).toBe(0)
  })
})
