import { createClock, dropAnswer, dropRequest, type Fault, hold, html, malformedJson, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { drafts } from '../src/drafts.ts'
import { returnTo } from '../src/return-to.ts'
import { createSession } from '../src/session.ts'
import type { Refresh } from '../src/strategies.ts'
import { createDesk, lifetimeMs, listen, openTabs, versions } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'

const dayMs = 24 * 3_600_000
const deadRefreshToken = status(400, { body: { error: 'invalid_grant' } })

describe('two renewals at once', () => {
  it('are one, though a timer, fifty callers, a person and an event of the page ask in the same tick', async () => {
    const { openTab, issuer, clock, track } = createDesk()
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    const credential = await session.acquire()
    const disposer = session.hold()
    const gate = issuer.faults.next(hold())
    clock.jump(lifetimeMs)
    page.tell('visibilitychange')
    const asked = Array.from({ length: 50 }, (_, n) =>
      track(session.acquire(n % 2 === 0 ? {} : { refused: credential })),
    )
    asked.push(track(session.refresh()))
    await clock.advance(0)
    gate.release()
    expect(new Set(versions(await Promise.all(asked)))).toEqual(new Set([2]))
    expect(issuer.tokenPosts).toBe(1)
    disposer()
  })
})

describe('a rotation whose answer is lost', () => {
  it('is made up for by exactly one later request, where the issuer has a grace', async () => {
    const { open, issuer, clock } = createDesk({ issuing: { graceMs: 60_000 } })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    clock.jump(lifetimeMs)
    issuer.faults.next(dropAnswer())
    expect(await failureOf(session.acquire())).toMatchObject({ name: 'RefreshError', reason: 'lost' })
    expect(await failureOf(session.acquire())).toMatchObject({ reason: 'lost' })
    clock.jump(999)
    expect(await failureOf(session.acquire())).toMatchObject({ reason: 'lost' })
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1)
    expect(await session.acquire()).toMatchObject({ version: 2 })
    expect([issuer.tokenPosts, issuer.graced]).toEqual([2, 1])
  })

  it('expires the session where it has none, with the tokens kept, also over a restart', async () => {
    const { open, issuer, clock } = createDesk()
    const session = open()
    const { tokens } = issuer.signIn()
    await session.signIn(tokens)
    clock.jump(lifetimeMs)
    issuer.faults.next(dropAnswer())
    await failureOf(session.acquire())
    clock.jump(1000)
    issuer.faults.next(deadRefreshToken)
    expect(await failureOf(session.acquire())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(session.state.status).toBe('expired')
    expect(await session.tokens()).toEqual(tokens)
    await session[Symbol.asyncDispose]()
    const next = open()
    expect(next.state).toMatchObject({ status: 'expired', epoch: 1, version: 1 })
    expect(await next.tokens()).toEqual(tokens)
    clock.jump(600_000)
    expect(await failureOf(next.acquire())).toMatchObject({ reason: 'expired' })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('takes neither the draft nor the place of who has to sign in again', async () => {
    const { open, issuer, clock, storage } = createDesk()
    const at = { server: 'https://chat.test', place: '/room/5', identity: 'alice' }
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    clock.jump(lifetimeMs)
    issuer.faults.next(deadRefreshToken)
    await drafts({ storage }).save(at, 'half a sentence')
    await returnTo({ storage, origin: at.server }).save(at.place)
    expect(await failureOf(session.acquire())).toMatchObject({ reason: 'expired' })
    await session.signIn(issuer.signIn().tokens)
    expect(await returnTo({ storage, origin: at.server }).take()).toBe(at.place)
    expect(await drafts({ storage }).take(at)).toBe('half a sentence')
  })

  it('is presented again one at a time, by whichever tab is first', async () => {
    const desk = createDesk({ storage: mapStorage().storage, issuing: { graceMs: 60_000 } })
    const { all } = await openTabs(desk, 3)
    desk.clock.jump(lifetimeMs)
    desk.issuer.faults.next(dropAnswer())
    const failures = await Promise.all(all.map(({ session }) => failureOf(session.acquire())))
    for (const failure of failures) expect(failure).toMatchObject({ reason: 'lost' })
    expect(desk.issuer.tokenPosts).toBe(1)
    desk.clock.jump(1000)
    expect(versions(await Promise.all(all.map(({ session }) => session.acquire())))).toEqual([2, 2, 2])
    expect(desk.issuer.tokenPosts).toBe(2)
  })

  it('with the page that sent it is known to the next page by what it wrote before', async () => {
    const { open, issuer, clock, storage } = createDesk({ issuing: { graceMs: 60_000 } })
    // The machine ends with the page: whatever it would have done, it does not.
    const crashed = createSession({
      refresh: (context) => issuer.refresh(context).catch(() => new Promise(() => {})),
      storage: { ...storage, request: (_name, _options, callback) => callback() },
      platform: createClock(clock.now()),
    })
    await crashed.signIn(issuer.signIn().tokens)
    issuer.faults.next(dropAnswer())
    void failureOf(crashed.refresh())
    await clock.advance(0)
    const next = open()
    clock.jump(500)
    const credential = await next.acquire()
    expect(await failureOf(next.acquire({ refused: credential }))).toMatchObject({ reason: 'lost', sent: true })
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(500)
    expect(await next.acquire({ refused: credential })).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })
})

describe('a laptop that sleeps', () => {
  it('refreshes when it wakes, without anybody asking, for those who hold', async () => {
    const { openTab, issuer, clock } = createDesk()
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    const dispose = session.hold()
    clock.jump(2 * 3_600_000)
    page.tell('visibilitychange')
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(issuer.tokenPosts).toBe(1)
    dispose()
  })

  it('goes on waiting for the lock when it wakes, and throws nothing', async () => {
    const { openTab, issuer, clock, browser, track } = createDesk({ storage: mapStorage().storage })
    const { session } = openTab()
    await session.signIn(issuer.signIn().tokens)
    clock.jump(lifetimeMs)
    const release = browser.holdLock()
    const asked = track(session.acquire())
    await clock.advance(1000)
    clock.jump(2 * 3_600_000)
    await clock.advance(1000)
    release()
    expect(await asked).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('gives out a token that still lives when it wakes, without a request', async () => {
    const { openTab, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs: 8 * 3_600_000 } })
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    const credential = await session.acquire()
    clock.jump(2 * 3_600_000)
    for (const type of ['resume', 'pageshow', 'visibilitychange', 'online']) page.tell(type)
    expect(await session.acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(0)
  })
})

describe('a person who was idle for long', () => {
  it.each(['in the page', 'over a restart'])(
    'is served by the first call, which refreshes and succeeds, %s',
    async (where) => {
      const { open, issuer, clock } = createDesk()
      const session = open()
      await session.signIn(issuer.signIn().tokens)
      clock.jump(30 * 24 * 3_600_000)
      const { accessToken = '' } = await (where === 'in the page' ? session : open()).acquire()
      expect(issuer.check(accessToken)).toBe('ok')
      expect(issuer.tokenPosts).toBe(1)
    },
  )
})

describe('a token of a short life', () => {
  it.each([1000, 30_000, 60_000, 300_000])(
    'of %i ms is refreshed once in two thirds of it at the most, though somebody holds it five minutes ahead',
    async (accessTokenLifetimeMs) => {
      const { open, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs } })
      const session = open()
      const at: number[] = [clock.now()]
      session.on('refreshed', () => at.push(clock.now()))
      await session.signIn(issuer.signIn().tokens)
      session.hold({ refreshAheadMs: 300_000 })
      for (let step = 0; step < 100; step++) {
        const { accessToken = '' } = await session.acquire({ minValidityMs: 300_000 })
        expect(issuer.check(accessToken)).toBe('ok')
        await clock.advance(accessTokenLifetimeMs / 10)
      }
      const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
      expect(gaps.length).toBeGreaterThan(8)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual((accessTokenLifetimeMs * 2) / 3)
      expect(issuer.tokenPosts).toBe(gaps.length)
    },
  )
})

describe('a token of a year', () => {
  it('costs nothing in a week, and is refreshed when its time has come', async () => {
    const { open, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs: 365 * dayMs } })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    for (let day = 0; day < 6; day++) {
      clock.jump(dayMs - 600_000)
      await clock.advance(600_000)
    }
    await clock.advance(dayMs)
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(1)
    clock.jump(358 * dayMs - 360_000)
    await clock.advance(60_000 - 1)
    expect(issuer.tokenPosts).toBe(0)
    await clock.advance(60_000)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })
})

describe('a clock that is wrong', () => {
  it.each([3_600_000, -3_600_000, 50_000])('by %i ms neither loops nor serves dead tokens', async (offsetMs) => {
    const { open, issuer, clock } = createDesk()
    const session = open({ platform: { ...clock, now: () => clock.now() + offsetMs } })
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    for (let step = 0; step < 100; step++) {
      const { accessToken = '' } = await session.acquire()
      expect(issuer.check(accessToken)).toBe('ok')
      await clock.advance(30_000)
    }
    // One in two thirds of a lifetime.
    expect(issuer.tokenPosts).toBe(15)
  })

  it.each([3_600_000, -3_600_000])(
    'in the middle, by %i ms, costs one refresh, for which a server asks if need be',
    async (ms) => {
      const { open, issuer, clock } = createDesk()
      const session = open()
      await session.signIn(issuer.signIn().tokens)
      const dispose = session.hold()
      await clock.advance(100_000)
      clock.jump(ms)
      let credential = await session.acquire()
      if (ms < 0) {
        issuer.revokeAccessToken(credential.accessToken)
        credential = await session.acquire({ refused: credential })
      }
      for (let step = 0; step < 5; step++) {
        expect(await session.acquire()).toBe(credential)
        await clock.advance(30_000)
      }
      expect(issuer.check(credential.accessToken ?? '')).toBe('ok')
      expect(issuer.tokenPosts).toBe(1)
      dispose()
    },
  )

  it('makes no loop of a token that looks dead when it has just been minted', async () => {
    const { open, issuer, clock } = createDesk()
    const session = open({
      refresh: async (context) => ({
        ...(await issuer.refresh(context)),
        expiresInMs: undefined as never,
        expiresAt: 5,
      }),
    })
    await session.signIn({ ...issuer.signIn().tokens, expiresInMs: 1 })
    session.hold()
    clock.jump(1000)
    for (let step = 0; step < 20; step++) {
      expect(await session.acquire()).toMatchObject({ version: 2 })
      await clock.advance(60_000)
    }
    expect(issuer.tokenPosts).toBe(1)
  })
})

describe('an endpoint that is dead or throttled', () => {
  it('gets one request from fifteen callers in a row, if the refresh token is dead', async () => {
    const { open, issuer, clock } = createDesk()
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    issuer.revokeRefreshToken((await session.tokens())?.refreshToken)
    clock.jump(lifetimeMs)
    for (let caller = 0; caller < 15; caller++) {
      expect(await failureOf(session.acquire())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
      clock.jump(120_000)
    }
    expect(issuer.tokenPosts).toBe(1)
  })

  it('gets no request from the other tabs either', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { all, first } = await openTabs(desk, 3)
    desk.issuer.revokeRefreshToken((await first.session.tokens())?.refreshToken)
    desk.clock.jump(lifetimeMs)
    for (const { session } of [...all, desk.openTab()]) {
      expect(await failureOf(session.acquire())).toMatchObject({ reason: 'expired' })
    }
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('is left alone for as long as it asks, by every tab, and the session stays active', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { all } = await openTabs(desk, 3)
    desk.clock.jump(lifetimeMs)
    desk.issuer.faults.next(status(429, { retryAfter: 30 }))
    for (let second = 0; second < 30; second++) {
      const { session } = all[second % 3] as (typeof all)[0]
      expect(await failureOf(session.acquire())).toMatchObject({ reason: 'unavailable' })
      expect(await failureOf(session.refresh())).toMatchObject({ reason: 'unavailable' })
      expect(session.state.status).toBe('active')
      desk.clock.jump(1000)
    }
    expect(desk.issuer.tokenPosts).toBe(1)
    expect(versions(await Promise.all(all.map(({ session }) => session.acquire())))).toEqual([2, 2, 2])
    expect(desk.issuer.tokenPosts).toBe(2)
  })

  it('gets one request where the resource refuses whatever it is given', async () => {
    const { open, issuer, clock } = createDesk()
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    const refused = await session.acquire()
    const renewed = await session.acquire({ refused })
    expect(await failureOf(session.acquire({ refused: renewed, final: true }))).toMatchObject({ reason: 'refused' })
    for (let request = 0; request < 50; request++) {
      const credential = await session.acquire()
      expect(await failureOf(session.acquire({ refused: credential }))).toMatchObject({ reason: 'refused' })
      clock.jump(1000)
    }
    expect(issuer.tokenPosts).toBe(1)
    expect(session.state.status).toBe('active')
  })
})

describe('a network that is down', () => {
  it.each([
    ['a request that cannot be sent', dropRequest()],
    ['a captive portal that says 200', html()],
    ['a proxy that says 502', html(502)],
    ['a firewall that says 403', html(403)],
    ['a gateway that breaks off', malformedJson()],
  ])('is no sign-out: %s', async (_, fault) => {
    const { openTab, issuer, clock } = createDesk({ issuing: { graceMs: 1e9 } })
    const { session, page } = openTab()
    const { tokens } = issuer.signIn()
    await session.signIn(tokens)
    const heard = listen(session, 'expired', 'signed-out')
    clock.jump(lifetimeMs)
    issuer.faults.next(fault)
    expect(await failureOf(session.acquire())).toMatchObject({ name: 'RefreshError' })
    expect(session.state.status).toBe('active')
    expect(await session.tokens()).toEqual(tokens)
    const dispose = session.hold()
    clock.jump(60_000)
    page.tell('online')
    page.tell('online')
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect([issuer.tokenPosts, heard]).toEqual([2, []])
    dispose()
  })
})

describe('a refresh that fails', () => {
  it.each<[string, string, string, { fault?: Fault; without?: 'refreshToken'; refresh?: Refresh }]>([
    ['a rejection', 'warn', 'rejected', { fault: deadRefreshToken }],
    ['a network that is down', 'warn', 'lost', { fault: dropAnswer() }],
    ['a missing refresh token', 'error', 'rejected', { without: 'refreshToken' }],
    ['what nobody knows', 'error', 'lost', { refresh: ({ tokens }) => Promise.reject(new Error(tokens.refreshToken)) }],
  ])('is told with its level, its reason and the issuer, without a token: %s', async (_, level, reason, failing) => {
    const { open, issuer, clock, entries } = createDesk()
    const session = open(failing.refresh && { refresh: failing.refresh })
    const { tokens } = issuer.signIn()
    if (failing.without !== undefined) delete tokens[failing.without]
    await session.signIn(tokens)
    clock.jump(lifetimeMs)
    if (failing.fault !== undefined) issuer.faults.next(failing.fault)
    await failureOf(session.acquire())
    const told = entries.filter(({ type }) => type === 'refresh-failed')
    expect(told).toEqual([
      expect.objectContaining({ level, reason, issuer: 'https://issuer.test', session: 'reauth', at: clock.now() }),
    ])
  })
})

describe('a component that is mounted, unmounted, and mounted again', () => {
  it('leaves one timer and one listener', async () => {
    const { openTab, issuer, clock } = createDesk()
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    const listening = page.listening
    const told = vi.fn<() => void>()
    const mount = (): (() => void) => {
      const stops = [session.subscribe(told), session.hold({ onCredential: told })]
      return () => {
        for (const stop of stops) stop()
      }
    }
    mount()()
    const unmount = mount()
    expect(clock.pending).toBe(1)
    expect(page.listening).toBe(listening)
    await session.refresh()
    expect(told).toHaveBeenCalledTimes(2)
    unmount()
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })
})

describe('a server that renders', () => {
  it('refreshes once for six requests with the same session, and all of them get the successor', async () => {
    const { open, issuer, clock } = createDesk({ storage: faultyStorage({ isAsync: true }).storage })
    const signedIn = open()
    await signedIn.signIn(issuer.signIn().tokens)
    clock.jump(lifetimeMs)
    const requests = Array.from({ length: 6 }, () => open())
    const got = await Promise.all(requests.map((session) => session.acquire()))
    expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(versions(got)).toEqual([2, 2, 2, 2, 2, 2])
    expect(issuer.tokenPosts).toBe(1)
  })

  it('refreshes nothing where it cannot keep what it gets', async () => {
    const { open, issuer, clock } = createDesk()
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    const rendering = open({ canPersist: false })
    const credential = await rendering.acquire()
    expect(credential).toEqual(await session.acquire())
    expect(await failureOf(rendering.acquire({ refused: credential }))).toMatchObject({ reason: 'unavailable' })
    clock.jump(lifetimeMs)
    expect(await failureOf(rendering.acquire())).toMatchObject({ reason: 'unavailable' })
    expect(await failureOf(rendering.refresh())).toMatchObject({ reason: 'unavailable' })
    expect(issuer.tokenPosts).toBe(0)
  })
})

describe('tokens that cannot be stored', () => {
  it.each([false, true])(
    'serve this page, which tells, tries again, and never goes back (async: %s)',
    async (isAsync) => {
      const faulty = faultyStorage({ isAsync })
      const { open, issuer, clock } = createDesk({ storage: faulty.storage })
      const session = open()
      await session.signIn(issuer.signIn().tokens)
      const heard = listen(session, 'persist-failed')
      clock.jump(lifetimeMs)
      const gate = issuer.faults.next(hold())
      const asked = session.acquire()
      await gate.arrived
      faulty.fault = 'full'
      gate.release()
      const credential = await asked
      expect(credential).toMatchObject({ version: 2 })
      expect(heard).toEqual(['persist-failed'])
      expect(await session.acquire()).toBe(credential)
      await clock.advance(10_000)
      expect(heard).toEqual(['persist-failed'])
      expect(session.state).toMatchObject({ version: 2 })
      faulty.fault = undefined
      await clock.advance(60_000)
      expect(JSON.parse(faulty.items.get('reauth') ?? '')).toMatchObject({ version: 2 })
      clock.jump(lifetimeMs)
      expect(await session.acquire()).toMatchObject({ version: 3 })
    },
  )

  it('look to others like a lost answer, until they can be', async () => {
    const faulty = faultyStorage()
    const { open, issuer, clock } = createDesk({ storage: faulty.storage })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    const credential = await session.acquire()
    const gate = issuer.faults.next(hold())
    const asked = session.acquire({ refused: credential })
    await gate.arrived
    faulty.fault = 'full'
    gate.release()
    await asked
    const other = open()
    expect(other.state).toMatchObject({ version: 1 })
    expect(await failureOf(other.acquire({ refused: credential }))).toMatchObject({ reason: 'lost' })
    faulty.fault = undefined
    await clock.advance(1000)
    expect(await other.acquire({ refused: credential })).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })
})
