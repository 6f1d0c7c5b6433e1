import { AuthenticationError, type Session } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { deferred, hold, holdAnswer } from '@reauth/testkit'
import { describe, expect } from 'vitest'

import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'

useMsw()

const ways: [string, AuthenticationError['reason'], (session: Session, bob: { accessToken?: string }) => void][] = [
  ['a sign-out', 'signed-out', (session) => void session.signOut()],
  [
    'an expiry',
    'expired',
    (session) => {
      session.expire()
    },
  ],
  ['a sign-in of somebody else', 'switched', (session, bob) => void session.signIn(bob)],
  [
    'a sign-out and a sign-in in one breath',
    'signed-out',
    (session, bob) => {
      void session.signOut()
      void session.signIn(bob)
    },
  ],
]

describe('a request in flight', () => {
  it.for(ways)('ends with %s, and says why', async ([, reason, end], { world }) => {
    const session = world.signIn()
    const gate = world.issuer.apiFaults.next(hold())
    const call = caught(createFetch(session)(world.url('/api/items')))
    await gate.arrived

    end(session, world.issuer.signIn({ identity: 'bob' }).tokens)

    const error = await call
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ code: 401, reason })
    expect(world.calls.map(({ answer }) => answer)).toEqual(['aborted'])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it.for(ways)('that has not left yet is not sent after %s', async ([, reason, end], { world }) => {
    const session = world.signIn()
    const call = caught(createFetch(session)(world.url('/api/items')))

    // No await since the call: its credential has been acquired, and its request is not sent yet.
    end(session, world.issuer.signIn({ identity: 'bob' }).tokens)

    expect(await call).toMatchObject({ name: 'AuthenticationError', reason })
    expect(world.calls).toHaveLength(0)
  })

  it('of the next user lives on', async ({ world }) => {
    const session = world.signIn()
    const authFetch = createFetch(session)
    const gate = world.issuer.apiFaults.next(hold())
    const alices = caught(authFetch(world.url('/api/items')))
    await gate.arrived
    void session.signOut()
    void session.signIn(world.issuer.signIn({ identity: 'bob' }).tokens)

    const bobs = await authFetch(world.url('/api/items'))

    expect(await bobs.json()).toMatchObject({ identity: 'bob' })
    expect(await alices).toMatchObject({ reason: 'signed-out' })
  })

  it('lives on over a refresh', async ({ world }) => {
    const session = world.signIn()
    const gate = world.issuer.apiFaults.next(hold())
    const call = world.track(createFetch(session)(world.url('/api/items')))
    await gate.arrived

    await session.refresh()
    gate.release()

    expect((await call).status).toBe(200)
  })

  it('lives on where the option says so', async ({ world }) => {
    const session = world.signIn()
    const gate = world.issuer.apiFaults.next(hold())
    const call = world.track(
      createFetch(session, { outliveSession: true })(world.url('/api/sign-out'), { method: 'POST' }),
    )
    await gate.arrived

    await session.signOut()
    gate.release()

    expect((await call).status).toBe(200)
  })

  it('that tells the server of the sign-out is sent when that follows in the same breath', async ({ world }) => {
    const session = world.signIn()
    const call = world.track(
      createFetch(session, { outliveSession: true })(world.url('/api/sign-out'), { method: 'POST' }),
    )

    await session.signOut()

    expect((await call).status).toBe(200)
    expect(world.calls).toHaveLength(1)
  })

  it('that outlives the session still ends with its own signal', async ({ world }) => {
    const session = world.signIn()
    const controller = new AbortController()
    const gate = world.issuer.apiFaults.next(hold())
    const call = caught(
      createFetch(session, { outliveSession: true })(world.url('/api/sign-out'), { signal: controller.signal }),
    )
    await gate.arrived

    controller.abort('enough')

    expect(await call).toBe('enough')
  })
})

describe('a body that is being read', () => {
  it('ends with the session, and says why', async ({ world }) => {
    const session = world.signIn()
    const authFetch = createFetch(session)
    world.issuer.apiFaults.next(async () => {
      const endless = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('the beginning'))
        },
      })
      return new Response(endless)
    })
    const response = await authFetch(world.url('/api/items'))
    const text = caught(response.text())

    void session.signOut()

    expect(await text).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
  })
})

describe('a request that waits for a refresh', () => {
  it.for(ways)('ends with %s, and is not sent bare', async ([, reason, end], { world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)
    const gate = world.issuer.faults.next(holdAnswer())
    const call = caught(createFetch(session)(world.url('/api/items')))
    await gate.arrived

    end(session, world.issuer.signIn({ identity: 'bob' }).tokens)

    const error = await call
    gate.release()
    expect(error).toMatchObject({ name: 'AuthenticationError', reason })
    expect(world.calls).toHaveLength(0)
  })

  it.for(ways)('after its first 401 ends with %s, and is not sent again', async ([, reason, end], { world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.faults.next(holdAnswer())
    const call = caught(createFetch(session)(world.url('/api/items'), { method: 'POST', body: 'of alice' }))
    await gate.arrived

    end(session, world.issuer.signIn({ identity: 'bob' }).tokens)

    const error = await call
    gate.release()
    expect(error).toMatchObject({ name: 'AuthenticationError', reason })
    expect(world.calls).toHaveLength(1)
  })

  it('of an expired session ends with a sign-out, and is not sent bare', async ({ world }) => {
    const session = world.signIn()
    session.expire()
    const gate = world.issuer.faults.next(holdAnswer())
    const call = caught(createFetch(session)(world.url('/api/items'), { method: 'POST', body: 'of alice' }))
    await gate.arrived

    void session.signOut()

    const error = await call
    gate.release()
    expect(error).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(world.calls).toHaveLength(0)
  })

  it('of an expired session goes on when that revives', async ({ world }) => {
    const session = world.signIn()
    session.expire()

    expect((await createFetch(session)(world.url('/api/items'))).status).toBe(200)
    expect(session.state.status).toBe('active')
  })

  it('ends with a RefreshError when the session is disposed', async ({ world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.faults.next(holdAnswer())
    const call = caught(createFetch(session)(world.url('/api/items')))
    await gate.arrived

    const disposed = session[Symbol.asyncDispose]()

    const error = await call
    gate.release()
    expect(error).toMatchObject({ name: 'RefreshError', reason: 'disposed' })
    await disposed
  })

  it('whose replay is in flight ends with a sign-out', async ({ world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.apiFaults.at(2, hold())
    const call = caught(createFetch(session)(world.url('/api/items')))
    await gate.arrived

    void session.signOut()

    expect(await call).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 'aborted'])
  })

  it('is not replayed as the next user, who signed in while its 401 was on the way', async ({ world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.apiFaults.next(holdAnswer())
    const call = caught(
      createFetch(session, { outliveSession: true })(world.url('/api/items'), { method: 'POST', body: 'of alice' }),
    )
    await gate.arrived

    void session.signIn(world.issuer.signIn({ identity: 'bob' }).tokens)
    gate.release()

    expect(await call).toMatchObject({ name: 'AuthenticationError', reason: 'switched' })
    expect(world.calls).toHaveLength(1)
  })
})

describe('a signal of the caller', () => {
  it('that is aborted already ends the call, with its reason', async ({ world }) => {
    const session = world.signIn()
    const reason = new Error('enough')

    const error = await caught(createFetch(session)(world.url('/api/items'), { signal: AbortSignal.abort(reason) }))

    expect(error).toBe(reason)
    expect(world.calls).toHaveLength(0)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it.for([
    ['an init', (url: string, signal: AbortSignal): [RequestInfo, RequestInit?] => [url, { signal }]],
    ['a Request', (url: string, signal: AbortSignal): [RequestInfo, RequestInit?] => [new Request(url, { signal })]],
    [
      'an init over a Request',
      (url: string, signal: AbortSignal): [RequestInfo, RequestInit?] => [
        new Request(url, { signal: new AbortController().signal }),
        { signal },
      ],
    ],
  ] as const)('in %s ends the request in flight, with its reason', async ([, make], { world }) => {
    const controller = new AbortController()
    const gate = world.issuer.apiFaults.next(hold())
    const call = caught(createFetch(world.signIn())(...make(world.url('/api/items'), controller.signal)))
    await gate.arrived
    const reason = new Error('enough')

    controller.abort(reason)

    expect(await call).toBe(reason)
    expect(world.calls.map(({ answer }) => answer)).toEqual(['aborted'])
  })

  it('of a Request does not count where the init says that there is none, as in fetch', async ({ world }) => {
    const controller = new AbortController()
    const request = new Request(world.url('/api/items'), { signal: controller.signal })
    const gate = world.issuer.apiFaults.next(hold())
    const call = world.track(createFetch(world.signIn())(request, { signal: null }))
    await gate.arrived

    controller.abort()
    gate.release()

    expect((await call).status).toBe(200)
  })

  it('ends only its own wait for a refresh, with its reason', async ({ world }) => {
    const session = world.signInRefused()
    const authFetch = createFetch(session)
    const gate = world.issuer.faults.next(hold())
    const controller = new AbortController()
    const impatient = caught(authFetch(world.url('/api/one'), { signal: controller.signal }))
    const patient = world.track(authFetch(world.url('/api/two')))
    await gate.arrived
    const reason = new Error('enough')

    controller.abort(reason)

    expect(await impatient).toBe(reason)
    gate.release()
    expect((await patient).status).toBe(200)
    expect(world.issuer.tokenPosts).toBe(1)
    expect(world.calls.filter(({ url }) => url.endsWith('/one'))).toHaveLength(1)
  })

  it('that ends the only wait leaves the refresh to be stored', async ({ world }) => {
    const session = world.signInRefused()
    const gate = world.issuer.faults.next(hold())
    const controller = new AbortController()
    const call = caught(createFetch(session)(world.url('/api/one'), { signal: controller.signal }))
    await gate.arrived

    controller.abort()
    await call
    gate.release()
    await session.refresh()

    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('that is aborted between a refusal and its replay keeps that from being sent', async ({ world }) => {
    const session = world.signInRefused()
    const controller = new AbortController()
    session.on('refreshed', () => {
      controller.abort('enough')
    })

    expect(await caught(createFetch(session)(world.url('/api/one'), { signal: controller.signal }))).toBe('enough')
    expect(world.calls).toHaveLength(1)
  })

  it('ends the replay, too', async ({ world }) => {
    const controller = new AbortController()
    const gate = world.issuer.apiFaults.at(2, hold())
    const call = caught(createFetch(world.signInRefused())(world.url('/api/items'), { signal: controller.signal }))
    await gate.arrived

    controller.abort('enough')

    expect(await call).toBe('enough')
  })
})

describe('a caller who does not wait', () => {
  it('leaves no rejection unhandled, whatever happens', async ({ world }) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const session = world.signInRefused()
    const authFetch = createFetch(session)
    const late = deferred()
    const gate = world.issuer.faults.next(hold())
    const calls = Array.from({ length: 5 }, () => authFetch(world.url('/api/items')))
    const results = Promise.allSettled(calls).then(() => {
      late.resolve()
    })
    await gate.arrived

    void session.signOut()
    gate.release()

    await late.promise
    await results
    await world.clock.advance(60_000)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
