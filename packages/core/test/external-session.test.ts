import { createClock } from '@reauth/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { deferred } from '../src/deferred.ts'
import { AuthenticationError, RefreshError } from '../src/errors.ts'
import { createExternalSession, type ExternalSessionOptions } from '../src/external-session.ts'

const minute = 60_000

function createDesk(getToken: ExternalSessionOptions['getToken'], options: Partial<ExternalSessionOptions> = {}) {
  const clock = createClock()
  const asked = vi.fn<ExternalSessionOptions['getToken']>(getToken)
  const session = createExternalSession({ getToken: asked, platform: clock, ...options })
  onTestFinished(async () => {
    await session[Symbol.asyncDispose]()
    expect(clock.pending).toBe(0)
  })
  return { clock, session, forced: () => asked.mock.calls.map(([{ forceRefresh }]) => forceRefresh) }
}

describe('an external session', () => {
  it('asks for what the SDK has at the first acquire, and not before', async () => {
    const { session, forced } = createDesk(async () => 'A1')
    expect(session.state.status).toBe('loading')
    expect(forced()).toEqual([])
    const [one, other] = await Promise.all([session.acquire(), session.acquire()])
    expect(one).toMatchObject({ accessToken: 'A1', version: 1 })
    expect(other).toBe(one)
    expect(await session.acquire()).toBe(one)
    expect(forced()).toEqual([false])
  })

  it('is known once somebody waits for ready', async () => {
    const { session } = createDesk(async () => ({ accessToken: 'A1', identity: 'alice' }))
    await session.ready
    expect(session.state).toMatchObject({ status: 'active', identity: 'alice' })
  })

  it('is known to be signed out once somebody waits for ready, also where the SDK gives what is no token', async () => {
    for (const token of [undefined, 'no token', { accessToken: '' }]) {
      const { session } = createDesk(async () => token)
      await session.ready
      expect(session.state).toEqual({ status: 'signed-out' })
    }
  })

  it('is unavailable where the SDK never answers, at the start and later', async () => {
    const { session, clock, forced } = createDesk(() => new Promise(() => {}), { refreshTimeoutMs: 10_000 })
    for (let count = 1; count <= 2; count++) {
      const outcome = session.acquire().catch((error: unknown) => error)
      await clock.advance(10_000)
      expect(await outcome).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
      expect(forced()).toHaveLength(count)
    }
  })

  it('takes a sign-in before it has asked anybody, and then asks nobody', async () => {
    const { session, forced } = createDesk(async () => 'A1')
    await session.signIn({ accessToken: 'A2' })
    expect(await session.acquire()).toMatchObject({ accessToken: 'A2', version: 1 })
    expect(forced()).toEqual([])
  })

  it('forces a refresh for a refusal and for a stale token', async () => {
    let count = 0
    const { session, forced, clock } = createDesk(async () => ({ accessToken: `A${++count}`, expiresInMs: 5 * minute }))
    const first = await session.acquire()
    expect(await session.acquire({ refused: first })).toMatchObject({ accessToken: 'A2' })
    clock.jump(5 * minute)
    expect(await session.acquire()).toMatchObject({ accessToken: 'A3' })
    expect(forced()).toEqual([false, true, true])
  })

  it('is signed out when there is no token, and asks again with the next acquire', async () => {
    let token: string | undefined
    const { session, forced } = createDesk(async () => token)
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
    expect(session.state.status).toBe('signed-out')
    expect(forced()).toEqual([false])
    token = 'A1'
    expect(await session.acquire()).toMatchObject({ accessToken: 'A1' })
    expect(forced()).toEqual([false, false])
  })

  it('is signed out when a forced refresh finds nobody', async () => {
    const { session } = createDesk(async ({ forceRefresh }) => (forceRefresh ? undefined : 'A1'))
    const refused = await session.acquire()
    await expect(session.acquire({ refused })).rejects.toBeInstanceOf(AuthenticationError)
    expect(session.state.status).toBe('signed-out')
  })

  it('stays signed out after a sign-out here, until a sign-in', async () => {
    const { session } = createDesk(async () => 'A1')
    await session.acquire()
    await session.signOut()
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
    await session.signIn({ accessToken: 'A2' })
    expect(await session.acquire()).toMatchObject({ accessToken: 'A2' })
  })

  it('expires where the SDK says that the user has to sign in, and keeps going where it does not', async () => {
    let error: Error | undefined
    const { session, clock } = createDesk(
      async ({ forceRefresh }) => {
        if (forceRefresh && error !== undefined) throw error
        return { accessToken: 'A1', expiresInMs: 5 * minute }
      },
      { isSignInRequired: (cause) => (cause as Error).message === 'login_required' },
    )
    await session.acquire()
    error = new Error('network')
    clock.jump(5 * minute)
    await expect(session.acquire()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable', cause: error })
    expect(session.state.status).toBe('active')
    error = new Error('login_required')
    clock.jump(minute)
    await expect(session.acquire()).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(session.state.status).toBe('expired')
    error = undefined
    clock.jump(minute)
    expect(await session.acquire()).toMatchObject({ version: 2 })
  })

  it('goes on where the SDK fails and nobody knows what that means', async () => {
    const { session } = createDesk(({ forceRefresh }) =>
      forceRefresh ? Promise.reject(new Error('?')) : Promise.resolve('A1'),
    )
    const refused = await session.acquire()
    await expect(session.acquire({ refused })).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(session.state.status).toBe('active')
  })

  it('cannot tell where the SDK fails at the first acquire, and asks again with the next', async () => {
    let error: Error | undefined = new Error('network')
    const { session } = createDesk(
      async () => {
        if (error !== undefined) throw error
        return 'A1'
      },
      { isSignInRequired: (cause) => (cause as Error).message === 'login_required' },
    )
    for (const _ of [1, 2]) {
      await expect(session.acquire()).rejects.toMatchObject({ reason: 'unavailable', cause: error })
      expect(session.state.status).toBe('signed-out')
    }
    error = new Error('login_required')
    await expect(session.acquire()).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    error = undefined
    expect(await session.acquire()).toMatchObject({ accessToken: 'A1' })
  })

  it('is signed out by its owner, whatever the SDK failed with before', async () => {
    const { session } = createDesk(() => Promise.reject(new Error('network')))
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'unavailable' })
    await session.signOut()
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
  })

  it('keeps the reason of a caller who gave up, where the SDK fails', async () => {
    const { session } = createDesk(() => Promise.reject(new Error('network')))
    await expect(session.acquire({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
  })

  it('is signed out where the SDK gives null', async () => {
    let token: string | null = null
    const { session } = createDesk(async () => token as never)
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
    token = 'A1'
    const refused = await session.acquire()
    token = null
    await expect(session.acquire({ refused })).rejects.toMatchObject({ reason: 'signed-out' })
  })

  it('cannot do without getToken', () => {
    expect(() => createExternalSession({} as never)).toThrow(TypeError)
  })

  it('is asked again after it wanted a sign-in, also where it gives a refresh token', async () => {
    let isOut = true
    const { session, clock } = createDesk(
      async ({ forceRefresh }) => {
        if (forceRefresh && isOut) throw new Error('login_required')
        return { accessToken: 'A1', refreshToken: 'R', expiresInMs: 5 * minute }
      },
      { isSignInRequired: () => true },
    )
    const refused = await session.acquire()
    await expect(session.acquire({ refused })).rejects.toMatchObject({ reason: 'expired' })
    isOut = false
    clock.jump(minute)
    expect(await session.acquire({ refused })).toMatchObject({ version: 2 })
  })

  it('asks with every acquire while there is no token, once for those who ask together', async () => {
    let token: string | undefined
    const { session, forced } = createDesk(async () => token)
    await session.ready
    for (const count of [2, 3]) {
      const both = await Promise.allSettled([session.acquire(), session.acquire()])
      expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(forced()).toHaveLength(count)
    }
    token = 'A1'
    expect(await session.acquire()).toMatchObject({ accessToken: 'A1' })
  })

  it('is not signed in by an answer that a sign-out has overtaken', async () => {
    const { promise, resolve } = deferred<string | undefined>()
    let answer: Promise<string | undefined> = Promise.resolve(undefined)
    const { session } = createDesk(() => answer)
    await session.ready
    answer = promise
    const waiting = session.acquire().catch((error: unknown) => error)
    await session.signOut()
    resolve('A1')
    expect(await waiting).toMatchObject({ reason: 'signed-out' })
    expect(session.state.status).toBe('signed-out')
  })

  it('asks again where the SDK has lost a user who had signed in here after a sign-out', async () => {
    let token: string | undefined = 'A1'
    const { session } = createDesk(async () => token)
    await session.acquire()
    await session.signOut()
    await session.signIn({ accessToken: 'A2' })
    token = undefined
    await expect(session.refresh()).rejects.toBeInstanceOf(AuthenticationError)
    token = 'A3'
    expect(await session.acquire()).toMatchObject({ accessToken: 'A3' })
  })

  it('tells the SDK when it is disposed while it asks', async () => {
    let told: AbortSignal | undefined
    let answer: Promise<string | undefined> = Promise.resolve(undefined)
    const { session } = createDesk(({ signal }) => {
      told = signal
      return answer
    })
    await session.ready
    answer = new Promise(() => {})
    const giveUp = new AbortController()
    const waiting = session.acquire({ signal: giveUp.signal }).catch((error: unknown) => error)
    await session[Symbol.asyncDispose]()
    expect(told?.aborted).toBe(true)
    giveUp.abort('bye')
    expect(await waiting).toBe('bye')
  })

  it('passes on what getToken says of itself', async () => {
    const said = new RefreshError('later', { reason: 'unavailable', retryAfterMs: 5 * minute })
    const { session } = createDesk(({ forceRefresh }) => (forceRefresh ? Promise.reject(said) : Promise.resolve('A1')))
    const refused = await session.acquire()
    await expect(session.acquire({ refused })).rejects.toBe(said)
  })
})
