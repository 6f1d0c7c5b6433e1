import { holdAnswer } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import type { TokenStorage } from '../src/storage.ts'
import { createDesk, lifetimeMs, listen } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'

describe('a storage that fails', () => {
  it.each(['throws', 'hangs'] as const)(
    'does not keep a page from going on in memory: one that %s from the start',
    async (fault) => {
      const faulty = faultyStorage({ isAsync: true })
      faulty.fault = fault
      const { open, issuer, clock } = createDesk({ storage: faulty.storage })
      const session = open()
      const causes: unknown[] = []
      session.on('persist-failed', ({ cause }) => causes.push(cause))
      await clock.advance(5000)
      expect(session.state).toEqual({ status: 'signed-out' })
      expect(causes).toEqual([expect.any(Error)])
      void session.signIn(issuer.signIn().tokens)
      expect(session.state).toMatchObject({ status: 'active', version: 1 })
      await clock.advance(15_000)
      expect(await session.acquire()).toMatchObject({ version: 1 })
      expect(causes).toHaveLength(1)
      faulty.fault = undefined
      await clock.advance(60_000)
      expect(JSON.parse(faulty.items.get('reauth') ?? '')).toMatchObject({ tokens: await session.tokens() })
    },
  )

  it('at once, when it is opened, tells who listens by then, once', async () => {
    const faulty = faultyStorage()
    faulty.fault = 'throws'
    const { open, issuer } = createDesk({ storage: faulty.storage })
    const session = open()
    const heard = listen(session, 'persist-failed')
    expect(session.state).toEqual({ status: 'signed-out' })
    await session.ready
    await session.signIn(issuer.signIn().tokens)
    expect(heard).toEqual(['persist-failed'])
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
  })

  it('at once, when it is opened, is signed out at once, and looked at again', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    await open().signIn(issuer.signIn().tokens)
    faulty.fault = 'throws'
    const session = open()
    expect(session.state).toEqual({ status: 'signed-out' })
    faulty.fault = undefined
    await clock.advance(1000)
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
  })

  it('does not keep a sign-in or a sign-out from resolving, and tells once', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    const session = open()
    const heard = listen(session, 'persist-failed')
    faulty.fault = 'full'
    await session.signIn(issuer.signIn().tokens)
    await session.signOut()
    await session.signIn(issuer.signIn().tokens)
    expect(heard).toEqual(['persist-failed'])
    expect(await session.acquire()).toMatchObject({ version: 2 })
    faulty.fault = undefined
    await clock.advance(60_000)
    faulty.fault = 'full'
    await session.signOut()
    expect(heard).toEqual(['persist-failed', 'persist-failed'])
  })

  it('gets the sign-out as soon as it works again', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    faulty.fault = 'throws'
    await session.signOut()
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(faulty.items.has('reauth')).toBe(true)
    faulty.fault = undefined
    await clock.advance(1000)
    expect([...faulty.items.keys()]).toEqual(['reauth.epoch'])
  })

  it.each(['throws', 'full', 'hangs'] as const)(
    'never gives a spent refresh token back to be presented again: one that %s',
    async (fault) => {
      const faulty = faultyStorage({ isAsync: true })
      const { openTab, issuer, clock, track } = createDesk({ storage: faulty.storage })
      const { session, page } = openTab()
      await session.signIn(issuer.signIn().tokens)
      const gate = issuer.faults.next(holdAnswer())
      clock.jump(lifetimeMs)
      const asked = track(session.acquire())
      await gate.arrived
      faulty.fault = fault
      gate.release()
      await clock.advance(20_000)
      expect(await asked).toMatchObject({ version: 2 })
      for (const type of ['pageshow', 'resume', 'visibilitychange']) {
        page.tell(type)
        await clock.advance(20_000)
        expect(session.state).toMatchObject({ version: 2 })
      }
      faulty.fault = undefined
      clock.jump(lifetimeMs)
      const renewed = track(session.acquire())
      await clock.advance(20_000)
      expect(await renewed).toMatchObject({ version: 3 })
      await clock.advance(60_000)
      expect(JSON.parse(faulty.items.get('reauth') ?? '')).toMatchObject({ version: 3 })
      expect(issuer.tokenPosts).toBe(2)
    },
  )

  it('does not keep the refresh from being sent, where it cannot be announced', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    const heard = listen(session, 'persist-failed', 'refreshed')
    faulty.fault = 'full'
    clock.jump(lifetimeMs)
    expect(await session.acquire()).toMatchObject({ version: 2 })
    expect(heard).toEqual(['persist-failed', 'refreshed'])
    expect(issuer.tokenPosts).toBe(1)
  })

  it('that loses what it is given is told of, and never tried without end', async () => {
    const { storage } = mapStorage()
    const setItem = vi.fn<(key: string, value: string) => void>()
    const { openTab, issuer } = createDesk({ storage: { ...storage, setItem } })
    const { session } = openTab()
    const heard = listen(session, 'persist-failed')
    await session.signIn(issuer.signIn().tokens)
    expect(heard).toEqual(['persist-failed'])
    expect(setItem.mock.calls.length).toBeLessThan(10)
    expect(await session.acquire()).toMatchObject({ version: 1 })
  })

  it('leaves no timer behind when the session is disposed while it is tried again', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    const session = open()
    faulty.fault = 'full'
    await session.signIn(issuer.signIn().tokens)
    expect(clock.pending).toBe(1)
    await session[Symbol.asyncDispose]()
    expect(clock.pending).toBe(0)
  })
})

describe('a storage without a lock', () => {
  it('is a TypeError outside of a page, which names the packages that have one', () => {
    const { open } = createDesk({ storage: mapStorage().storage })
    expect(open).toThrow(TypeError)
    expect(open).toThrow(/@reauth\/redis.*@reauth\/node.*memoryStorage\(\)/)
  })

  it('works in a page without Web Locks, with one warning and one refresh for the process', async () => {
    const desk = createDesk({ storage: mapStorage({ isAsync: true }).storage })
    const openTab = () => {
      const page = desk.browser.openPage()
      return desk.open({ platform: { ...page.platform, locks: undefined } })
    }
    const sessions = [openTab(), openTab()]
    await sessions[0]?.signIn(desk.issuer.signIn().tokens)
    await desk.clock.advance(0)
    desk.clock.jump(lifetimeMs)
    const got = await Promise.all(sessions.map((session) => session.acquire()))
    expect(got.map(({ version }) => version)).toEqual([2, 2])
    expect(desk.issuer.tokenPosts).toBe(1)
    expect(desk.warnings()).toEqual(['warn no-lock', 'warn no-lock'])
  })

  it('works where Web Locks reject, as in an opaque origin, with one warning', async () => {
    const { browser, open, issuer, clock, warnings } = createDesk({ storage: mapStorage().storage })
    const request = vi.fn<() => Promise<never>>(() =>
      Promise.reject(new DOMException('The request was denied', 'SecurityError')),
    )
    const session = open({ platform: { ...browser.openPage().platform, locks: { request } } })
    await session.signIn(issuer.signIn().tokens)
    for (let rotation = 0; rotation < 3; rotation++) {
      clock.jump(lifetimeMs)
      await session.acquire()
    }
    expect(warnings()).toEqual(['warn no-lock'])
    expect(request).toHaveBeenCalledOnce()
    expect(issuer.tokenPosts).toBe(3)
  })
})

describe('a storage with a lock', () => {
  it('is asked for it under the name of the session, and for nothing but a refresh', async () => {
    const storage = memoryStorage()
    const request = vi.spyOn(storage as Required<TokenStorage>, 'request')
    const { open, issuer } = createDesk({ storage })
    const session = open({ name: 'mine' })
    await session.signIn(issuer.signIn().tokens)
    await session.acquire()
    expect(request).not.toHaveBeenCalled()
    await session.refresh()
    expect(request.mock.calls.map(([name]) => name)).toEqual(['reauth:mine'])
    await session.signOut()
    expect(request).toHaveBeenCalledOnce()
  })

  it('that rejects makes the refresh unavailable, with the cause, and nothing is sent', async () => {
    const cause = new Error('ECONNREFUSED')
    const { open, issuer } = createDesk({ storage: { ...memoryStorage(), request: () => Promise.reject(cause) } })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'unavailable', cause })
    expect(session.state.status).toBe('active')
    expect(issuer.tokenPosts).toBe(0)
  })
})
