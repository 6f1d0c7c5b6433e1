import { createClock, settle } from '@reauth/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { type CookieSession, type CookieSessionOptions, createCookieSession } from '../src/cookie-session.ts'
import { AuthenticationError, RefreshError } from '../src/errors.ts'
import { memoryStorage } from '../src/memory-storage.ts'
import { deferred } from '../src/deferred.ts'
import { createBrowser } from './support/page.ts'

const minute = 60_000

function createDesk(given: Partial<CookieSessionOptions> = {}) {
  const clock = createClock()
  const storage = memoryStorage()
  const refresh = vi.fn<CookieSessionOptions['refresh']>(async () => ({ expiresInMs: 5 * minute }))
  const opened: CookieSession[] = []
  onTestFinished(async () => {
    for (const session of opened) await session[Symbol.asyncDispose]()
    expect(clock.pending).toBe(0)
  })
  const open = (options: Partial<CookieSessionOptions> = {}): CookieSession => {
    const session = createCookieSession({ refresh, storage, platform: clock, ...given, ...options })
    opened.push(session)
    return session
  }
  return { clock, storage, refresh, open }
}

describe('a cookie session', () => {
  it('has no token, neither in the credential nor in the storage', async () => {
    const { open, storage } = createDesk()
    const session = open()
    await session.signIn({ identity: 'alice', expiresInMs: 5 * minute })
    expect(await session.acquire()).toEqual({
      epoch: 1,
      version: 1,
      identity: 'alice',
      tokenType: 'Bearer',
      expiresAt: expect.any(Number) as number,
    })
    expect(JSON.parse(String(storage.getItem('reauth')))).toMatchObject({ tokens: { identity: 'alice' } })
  })

  it('lapses when its grant says, and is of nobody in particular where that says null', async () => {
    const { open, clock } = createDesk()
    const session = open()
    const expiresAt = clock.now() + minute
    await session.signIn({ expiresAt, identity: null as never })
    expect(await session.acquire()).toStrictEqual({ epoch: 1, version: 1, tokenType: 'Bearer', expiresAt })
    expect(await session.tokens()).toStrictEqual({ expiresAt })
  })

  it('keeps nothing of the tokens that an answer holds', async () => {
    const answer = { accessToken: 'secret-1', refreshToken: 'secret-2', expiresInMs: minute }
    const { open, storage } = createDesk({ refresh: async () => answer, restore: async () => answer })
    const session = open()
    await session.ready
    await session.refresh()
    expect(JSON.stringify([storage.getItem('reauth'), await session.tokens()])).not.toContain('secret')
  })

  it('is refreshed when it is stale, once for all sessions that share the storage', async () => {
    const { open, refresh, clock } = createDesk()
    const [a, b] = [open(), open()]
    await a.signIn({ expiresInMs: 5 * minute })
    clock.jump(5 * minute)
    const [one, other] = await Promise.all([a.acquire(), b.acquire()])
    expect(refresh).toHaveBeenCalledTimes(1)
    expect([one.version, other.version]).toEqual([2, 2])
  })

  it('lives on when an answer says nothing', async () => {
    const { open } = createDesk({ refresh: async () => {} })
    const session = open()
    await session.signIn({ identity: 'alice' })
    expect(await session.refresh()).toEqual({ epoch: 1, version: 2, identity: 'alice', tokenType: 'Bearer' })
  })

  it('is refreshed again after a rejection, once the same user has signed in again', async () => {
    const { open, clock, refresh } = createDesk()
    const session = open()
    const grant = { identity: 'alice', expiresInMs: 5 * minute }
    await session.signIn(grant)
    clock.jump(5 * minute)
    refresh.mockRejectedValueOnce(new RefreshError('no', { reason: 'rejected' }))
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'expired' })
    await session.signIn(grant)
    clock.jump(5 * minute)
    expect(await session.acquire()).toMatchObject({ epoch: 1, version: 3 })
  })

  it('is expired by a rejection', async () => {
    const { open } = createDesk({ refresh: () => Promise.reject(new RefreshError('no', { reason: 'rejected' })) })
    const session = open()
    await session.signIn()
    await expect(session.acquire({ refused: await session.acquire() })).rejects.toBeInstanceOf(AuthenticationError)
    expect(session.state.status).toBe('expired')
  })

  describe('restore', () => {
    it('that never answers means signed out, and is told to stop', async () => {
      let asked: AbortSignal | undefined
      const { open, clock } = createDesk({
        restore: ({ signal }) => {
          asked = signal
          return new Promise(() => {})
        },
      })
      const session = open({ refreshTimeoutMs: 10_000 })
      const ready = session.ready
      await clock.advance(9_999)
      expect(session.state.status).toBe('loading')
      await clock.advance(1)
      await ready
      expect(session.state).toEqual({ status: 'signed-out' })
      expect(asked?.aborted).toBe(true)
    })

    it('runs once where nothing is known, and loading lasts until it has answered', async () => {
      const answer = deferred<{ identity: string } | undefined>()
      const restore = vi.fn<() => typeof answer.promise>(() => answer.promise)
      const { open } = createDesk({ restore })
      const session = open()
      expect(session.state.status).toBe('loading')
      const waiting = session.acquire()
      answer.resolve({ identity: 'alice' })
      expect(await waiting).toMatchObject({ identity: 'alice', epoch: 1, version: 1 })
      await session.ready
      expect(restore).toHaveBeenCalledTimes(1)
      await session[Symbol.asyncDispose]()
      expect(open().state).toMatchObject({ status: 'active', identity: 'alice' })
      expect(restore).toHaveBeenCalledTimes(1)
    })

    it.each([
      ['nothing', async () => undefined],
      ['an error', () => Promise.reject(new Error('down'))],
    ])('means signed out when it gives %s', async (_what, restore) => {
      const { open } = createDesk({ restore })
      const session = open()
      await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
      expect(session.state.status).toBe('signed-out')
      await session.ready
    })

    it.each(['pageshow', 'visibilitychange', 'online'])(
      'is waited for, whatever %s looks for meanwhile',
      async (type) => {
        const answer = deferred<{ identity: string } | undefined>()
        const browser = createBrowser(createClock())
        const page = browser.openPage()
        const session = createCookieSession({
          refresh: async () => ({ identity: 'alice' }),
          restore: () => answer.promise,
          storage: memoryStorage(),
          platform: page.platform,
        })
        page.tell(type)
        await settle()
        const refreshing = session.refresh()
        const tokens = session.tokens()
        await settle()
        expect(session.state).toEqual({ status: 'loading' })
        answer.resolve({ identity: 'alice' })
        expect(await tokens).toMatchObject({ identity: 'alice' })
        expect(await refreshing).toMatchObject({ identity: 'alice', version: 2 })
        await session[Symbol.asyncDispose]()
      },
    )

    it('does not run after a sign-out', async () => {
      const restore = vi.fn<() => Promise<{ identity: string }>>(async () => ({ identity: 'alice' }))
      const { open } = createDesk({ restore })
      const session = open()
      await session.ready
      await session.signOut()
      expect(open().state.status).toBe('signed-out')
      expect(restore).toHaveBeenCalledTimes(1)
    })

    it('loses against a sign-in and a sign-out that come first', async () => {
      const answer = deferred<{ identity: string }>()
      const { open } = createDesk({ restore: () => answer.promise })
      const session = open()
      await session.signIn({ identity: 'bob' })
      answer.resolve({ identity: 'alice' })
      expect(await session.acquire()).toMatchObject({ identity: 'bob' })
    })

    it('changes nothing where a sign-in and a sign-out came first', async () => {
      const answer = deferred<{ identity: string }>()
      const { open } = createDesk({ restore: () => answer.promise })
      const session = open()
      await session.signIn({ identity: 'bob' })
      await session.signOut()
      const { state } = session
      answer.resolve({ identity: 'alice' })
      await session.ready
      await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
      expect(session.state).toBe(state)
    })

    it('means signed out when it gives what is no grant', async () => {
      const { open } = createDesk({ restore: async () => ({ expiresInMs: -1 }) })
      const session = open()
      await session.ready
      expect(session.state).toEqual({ status: 'signed-out' })
    })

    it.each([null, false, 0, ''])('means signed out when it gives %j', async (answer) => {
      const { open } = createDesk({ restore: async () => answer as never })
      const session = open()
      await session.ready
      expect(session.state).toEqual({ status: 'signed-out' })
    })

    it('means signed out when nobody can tell whose the grant is', async () => {
      const identity = (): never => {
        throw new Error('no identity')
      }
      const { open } = createDesk({ restore: async () => ({}), identity })
      const session = open()
      await session.ready
      expect(session.state).toEqual({ status: 'signed-out' })
    })

    it('is told when the session is disposed, and nobody waits for it', async () => {
      let told: AbortSignal | undefined
      const { open } = createDesk({
        restore: ({ signal }) => {
          told = signal
          return new Promise(() => {})
        },
      })
      const session = open()
      const waiting = session.acquire()
      const { ready } = session
      await session[Symbol.asyncDispose]()
      await expect(waiting).rejects.toMatchObject({ reason: 'disposed' })
      await ready
      expect(told?.aborted).toBe(true)
    })

    it('is one sign-in for two that start at once', async () => {
      const { open } = createDesk({ restore: async () => ({ identity: 'alice' }) })
      const [a, b] = [open(), open()]
      await Promise.all([a.ready, b.ready])
      await Promise.all([a.acquire(), b.acquire()])
      expect(b.state).toEqual(a.state)
      expect(a.state).toMatchObject({ epoch: 1, version: 1 })
    })
  })

  it('cannot do without refresh', () => {
    expect(() => createCookieSession({} as never)).toThrow(TypeError)
  })

  it('loads from an async storage before it asks anybody', async () => {
    const { open, storage } = createDesk()
    const restore = vi.fn<() => Promise<{ identity: string }>>(async () => ({ identity: 'bob' }))
    await open().signIn({ identity: 'alice' })
    const slow = { ...storage, getItem: async (key: string) => storage.getItem(key) }
    const session = open({ storage: slow, restore })
    expect(session.state.status).toBe('loading')
    expect(await session.acquire()).toMatchObject({ identity: 'alice' })
    expect(restore).not.toHaveBeenCalled()
  })
})
