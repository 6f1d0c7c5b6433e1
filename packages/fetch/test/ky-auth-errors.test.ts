import { AuthenticationError, PermissionDeniedError, RefreshError } from '@reauth/core'
import { kyAuth } from '@reauth/fetch/ky'
import { deny, dropRequest, hold, refuse, status } from '@reauth/testkit'
import ky, { isForceRetryError, isHTTPError } from 'ky'
import { describe, expect } from 'vitest'

import { caught } from './caught.ts'
import { it, useMsw } from './over-msw.ts'
import { textOf } from './sent.ts'

useMsw()

const now = { delay: () => 0 }

describe('a denial', () => {
  it.for<[string, ReturnType<typeof status>]>([
    ['a 403', status(403)],
    ['a 403 with a challenge', deny()],
    [
      'a 401 that wants another scope',
      status(401, { headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }),
    ],
  ])('%s rejects with PermissionDeniedError, costs no refresh and is not retried', async ([, fault], { world }) => {
    world.issuer.apiFaults.next(fault)
    const session = world.signIn()
    const api = ky.extend({ retry: { limit: 3, statusCodes: [401, 403], ...now }, ...kyAuth(session) })

    const error = await caught(api(world.url('/api/items')))

    expect(error).toBeInstanceOf(PermissionDeniedError)
    expect(error).toMatchObject({ name: 'PermissionDeniedError', code: 403 })
    expect(world.calls).toHaveLength(1)
    expect(world.issuer.tokenPosts).toBe(0)
    expect(session.state.status).toBe('active')
  })

  it('says neither path nor query nor token', async ({ world }) => {
    const error = (await caught(
      ky.extend(kyAuth(world.signIn()))(world.url('/api/denied?secret=1')),
    )) as PermissionDeniedError

    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/secret|denied\?/)
    expect(world.issuer.isTokenIn(error.message)).toBe(false)
  })

  it('of the replay rejects with PermissionDeniedError', async ({ world }) => {
    world.issuer.apiFaults.at(2, deny())

    const error = await caught(ky.extend(kyAuth(world.signInRefused()))(world.url('/api/items')))

    expect(error).toMatchObject({ name: 'PermissionDeniedError', code: 403 })
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it.for<[string, boolean | ((status: number) => boolean), boolean]>([
    ['false', false, false],
    ['true', true, true],
    ['a function that says no', (code) => code !== 403, false],
    ['a function that says yes', (code) => code === 403, true],
  ])('with throwHttpErrors: %s', async ([, throwHttpErrors, throws], { world }) => {
    const api = ky.extend({ throwHttpErrors, ...kyAuth(world.signIn()) })

    const outcome = await caught(api(world.url('/api/denied')))

    expect(outcome).toMatchObject(throws ? { name: 'PermissionDeniedError' } : { resolvedWith: { status: 403 } })
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('is left as it is for an origin that is not listed, for an Authorization of the caller, and for nobody', async ({
    world,
  }) => {
    world.issuer.apiFaults.when(() => true, status(403))
    const api = ky.extend(kyAuth(world.signIn()))

    for (const call of [
      api('https://elsewhere.test/', { fetch: async () => new Response(null, { status: 403 }) }),
      api(world.url('/api/items'), { headers: { authorization: 'Basic Zm9v' } }),
      ky.extend(kyAuth(world.open()))(world.url('/api/items')),
    ]) {
      expect(await caught(call)).toMatchObject({ name: 'HTTPError', response: { status: 403 } })
    }
  })
})

describe('a request that is refused twice', () => {
  it.for([0, 3])(
    'rejects with AuthenticationError, not sent a third time, with retry: %d',
    async (limit, { world }) => {
      const session = world.signIn()
      const api = ky.extend({ retry: { limit, statusCodes: [401], ...now }, ...kyAuth(session) })

      const error = await caught(api(world.url('/api/refused')))

      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error).toMatchObject({ code: 401, reason: 'refused' })
      expect(world.calls).toHaveLength(2)
      expect(world.issuer.tokenPosts).toBe(1)
      expect(session.state.status).toBe('active')
    },
  )

  it('rejects also with throwHttpErrors: false', async ({ world }) => {
    const api = ky.extend({ throwHttpErrors: false, ...kyAuth(world.signIn()) })

    expect(await caught(api(world.url('/api/refused')))).toMatchObject({
      name: 'AuthenticationError',
      reason: 'refused',
    })
  })

  it('costs no refresh when it is tried again within a minute', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signIn()))
    await caught(api(world.url('/api/refused')))

    expect(await caught(api(world.url('/api/refused')))).toMatchObject({ reason: 'refused' })
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('counts over a retry of ky: not sent more than twice because of auth', async ({ world }) => {
    world.issuer.apiFaults.at(1, refuse())
    world.issuer.apiFaults.at(2, status(503))
    world.issuer.apiFaults.at(3, refuse())
    const api = ky.extend({ retry: { limit: 5, ...now }, ...kyAuth(world.signIn()) })

    const error = await caught(api(world.url('/api/items')))

    expect(error).toMatchObject({ name: 'AuthenticationError', reason: 'refused' })
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 503, 401])
    expect(world.issuer.tokenPosts).toBe(1)
  })
})

describe('an error of the session', () => {
  it.for<[string, ReturnType<typeof status>, object]>([
    ['AuthenticationError', status(401), { name: 'AuthenticationError', reason: 'expired' }],
    ['RefreshError', status(503), { name: 'RefreshError', reason: 'unavailable' }],
  ])('%s after a 401 is not retried by ky', async ([, fault, expected], { world }) => {
    world.issuer.faults.next(fault)
    const retried: unknown[] = []
    const api = ky
      .extend({ retry: { limit: 3, statusCodes: [401, 500, 503], shouldRetry: () => true, ...now } })
      .extend(kyAuth(world.signInRefused()))
      .extend({ hooks: { beforeRetry: [({ error }) => void retried.push(error)] } })

    expect(await caught(api(world.url('/api/items')))).toMatchObject(expected)

    expect(retried).toEqual([])
    expect(world.calls).toHaveLength(1)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('before the call is not retried by ky, and nothing is sent', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)
    world.issuer.faults.next(status(503))
    const api = ky.extend({ retry: { limit: 3, shouldRetry: () => true, ...now }, ...kyAuth(session) })

    const error = await caught(api(world.url('/api/items')))

    expect(error).toBeInstanceOf(RefreshError)
    expect(world.calls).toHaveLength(0)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('goes through the caller’s beforeError', async ({ world }) => {
    const api = ky
      .extend(kyAuth(world.signIn()))
      .extend({ hooks: { beforeError: [({ error }) => Object.assign(error, { seen: true })] } })

    expect(await caught(api(world.url('/api/refused')))).toMatchObject({ name: 'AuthenticationError', seen: true })
  })
})

describe('the end of the session', () => {
  it('ends a request in flight, and it is not retried by ky', async ({ world }) => {
    const session = world.signIn()
    const gate = world.issuer.apiFaults.next(hold())
    const call = caught(ky.extend({ retry: { limit: 3, ...now }, ...kyAuth(session) })(world.url('/api/items')))
    await gate.arrived

    void session.signOut()

    expect(await call).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(world.calls).toHaveLength(1)
  })

  it('ends a wait for a refresh, and nothing is sent bare', async ({ world }) => {
    const session = world.signIn()
    world.clock.jump(3_600_000)
    const gate = world.issuer.faults.next(hold())
    const call = caught(ky.extend(kyAuth(session))(world.url('/api/items')))
    await gate.arrived

    void session.signOut()
    const error = await call
    gate.release()

    expect(error).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(world.calls).toHaveLength(0)
  })

  it.for(['a sign-out', 'a sign-out and another sign-in'])(
    'keeps a request from being sent that waits in a hook of the caller: %s',
    async (way, { world }) => {
      const session = world.signIn()
      const bob = world.issuer.signIn({ identity: 'bob' }).tokens
      const api = ky.extend(kyAuth(session)).extend({
        hooks: {
          beforeRequest: [
            async () => {
              await session.signOut()
              if (way.includes('another')) await session.signIn(bob)
            },
          ],
        },
      })

      const error = await caught(api.post(world.url('/api/items'), { json: 'of alice' }))

      expect(error).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
      expect(world.calls).toHaveLength(0)
    },
  )

  it('keeps a retry of ky from being sent as the next user', async ({ world }) => {
    const session = world.signIn()
    const bob = world.issuer.signIn({ identity: 'bob' }).tokens
    world.issuer.apiFaults.next(status(503))
    const api = ky
      .extend({ retry: { limit: 2, ...now } })
      .extend({
        hooks: {
          beforeRetry: [
            async () => {
              await session.signOut()
              await session.signIn(bob)
            },
          ],
        },
      })
      .extend(kyAuth(session))

    const outcome = await caught(api.put(world.url('/api/items'), { json: 'of alice' }))

    expect(outcome).toMatchObject({ name: 'AuthenticationError' })
    expect(world.calls).toHaveLength(1)
  })
})

describe('retries of ky', () => {
  it('go with a fresh credential', async ({ world }) => {
    const session = world.signIn()
    world.issuer.apiFaults.next(status(503))
    const api = ky
      .extend({ retry: { limit: 2, ...now } })
      .extend({ hooks: { beforeRetry: [() => world.clock.jump(3_600_000)] } })
      .extend(kyAuth(session))

    await api.put(world.url('/api/items'), { json: { a: 1 } })

    expect(world.calls.map(({ answer }) => answer)).toEqual([503, 200])
    expect(world.calls.map(textOf)).toEqual(['{"a":1}', '{"a":1}'])
    expect(world.calls[1]?.accessToken).not.toBe(world.calls[0]?.accessToken)
    expect(world.issuer.tokenPosts).toBe(1)
  })

  it('are not spent on auth', async ({ world }) => {
    const counts: number[] = []
    world.issuer.apiFaults.at(2, status(503))
    const api = ky
      .extend({ retry: { limit: 1, ...now }, ...kyAuth(world.signInRefused()) })
      .extend({ hooks: { beforeRetry: [({ retryCount }) => void counts.push(retryCount)] } })

    await api.put(world.url('/api/items'), { json: { a: 1 } })

    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 503, 200])
    expect(world.calls.map(textOf)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}'])
    expect(counts).toEqual([1])
  })

  it('after a network error of the first send are ky’s', async ({ world }) => {
    world.issuer.apiFaults.next(dropRequest())
    const api = ky.extend({ retry: { limit: 1, ...now }, ...kyAuth(world.signIn()) })

    await api(world.url('/api/items'))

    expect(world.calls.map(({ answer }) => answer)).toEqual(['lost', 200])
  })

  it('after a 401 that one of them met are followed by the one replay', async ({ world }) => {
    world.issuer.apiFaults.at(1, status(503))
    const api = ky.extend({ retry: { limit: 1, ...now }, ...kyAuth(world.signInRefused()) })

    await api.put(world.url('/api/items'), { json: { a: 1 } })

    expect(world.calls.map(({ answer }) => answer)).toEqual([503, 401, 200])
    expect(world.calls.map(textOf)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}'])
  })
})

describe('a signal of the caller', () => {
  it.for(['the first send', 'the refresh', 'the replay'])('ends %s, with its reason', async (what, { world }) => {
    const session = world.signInRefused()
    const controller = new AbortController()
    const gate =
      what === 'the refresh'
        ? world.issuer.faults.next(hold())
        : world.issuer.apiFaults.at(what === 'the replay' ? 2 : 1, hold())
    const call = caught(ky.extend(kyAuth(session))(world.url('/api/items'), { signal: controller.signal }))
    await gate.arrived
    const reason = new Error('enough')

    controller.abort(reason)
    const error = await call
    gate.release()

    expect(error).toBe(reason)
    expect(session.state.status).toBe('active')
  })

  it('ends only its own call', async ({ world }) => {
    const api = ky.extend(kyAuth(world.signInRefused()))
    const gate = world.issuer.faults.next(hold())
    const controller = new AbortController()
    const impatient = caught(api(world.url('/api/one'), { signal: controller.signal }))
    const patient = caught(api(world.url('/api/two')))
    await gate.arrived

    controller.abort('enough')
    expect(await impatient).toBe('enough')
    gate.release()

    expect(await patient).toMatchObject({ resolvedWith: { status: 200 } })
  })
})

describe('ky itself', () => {
  it('has none of its own errors in the way', async ({ world }) => {
    const error = await caught(ky.extend({ retry: 0, ...kyAuth(world.signIn()) })(world.url('/api/refused')))

    expect(isForceRetryError(error)).toBe(false)
    expect(isHTTPError(error)).toBe(false)
  })
})
