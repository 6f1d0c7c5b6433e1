import { dropAnswer, dropRequest, hold, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import type { TokenSet } from '../src/token-set.ts'
import { createDesk } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage, type StageOptions } from './support/stage.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const start = Date.UTC(2030, 0, 1)

/** An access token whose claims say when it was issued and when it lapses, as an issuer's clock has it. */
const jwt = (claims: unknown): string => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.c2ln`

/** A stage whose issuer answers with what a test says. */
function createDummy(answer: (count: number) => TokenSet, options: StageOptions = {}): Stage & { refreshes(): number } {
  let count = 0
  const stage = createStage({ refresh: async () => answer(++count), ...options })
  return { ...stage, refreshes: () => count }
}

describe('a lifetime', () => {
  it.each<[string, TokenSet, number | undefined]>([
    ['is a duration from receipt', { expiresInMs: 300_000 }, start + 300_000],
    ['is one, whatever date comes with it', { expiresInMs: 300_000, expiresAt: 5 }, start + 300_000],
    ['is one, whatever the token says', { accessToken: jwt({ exp: 5, iat: 0 }), expiresInMs: 1000 }, start + 1000],
    ['ends at a date where there is nothing else', { expiresAt: start + 77 }, start + 77],
    ['is that of the token by its own clock', { accessToken: jwt({ exp: 1060, iat: 1000 }) }, start + minuteMs],
    [
      'is the end of the token where it has no beginning',
      { accessToken: jwt({ exp: start / 1000 + 60 }) },
      start + minuteMs,
    ],
    ['may be a fraction', { accessToken: jwt({ exp: 1000.5, iat: 1000 }) }, start + 500],
    ['may be longer than any timer', { expiresInMs: 400 * dayMs }, start + 400 * dayMs],
    ['is unknown where nothing tells', {}, undefined],
    ['is unknown where the end is a text', { accessToken: jwt({ exp: '1060', iat: 1000 }) }, undefined],
    ['is unknown where there is a beginning alone', { accessToken: jwt({ iat: 1000 }) }, undefined],
    ['is unknown where the claims are none', { accessToken: jwt(null) }, undefined],
    ['is unknown where the middle is no JSON', { accessToken: 'a.b.c' }, undefined],
  ])('%s', async (_, tokens, expiresAt) => {
    const { session } = createStage()
    await session.signIn({ accessToken: 'A', ...tokens })
    expect((session.state as { expiresAt?: number }).expiresAt).toBe(expiresAt)
  })

  it.each([jwt({ exp: 1e308 }), jwt({ exp: 1e308, iat: -1e308 })])(
    'may be as good as endless: %s',
    async (accessToken) => {
      const { session, acquire, clock, refreshes } = createDummy(() => ({ accessToken }))
      await session.signIn({ accessToken })
      session.hold()
      await clock.advance(dayMs)
      expect(await acquire({ minValidityMs: hourMs })).toMatchObject({ version: 1 })
      expect(refreshes()).toBe(0)
    },
  )

  it.each([
    ['no time at all', { expiresInMs: 0 }],
    ['less than none, by its date', { expiresAt: start - 1 }],
    ['less than none, by its claims', { accessToken: jwt({ exp: 1000, iat: 1060 }) }],
    ['less than none, by a clock that is behind', { accessToken: jwt({ exp: start / 1000 - 50 }) }],
  ])('of %s is no reason to refresh a token that the issuer has just minted', async (_, minted) => {
    const { session, acquire, clock, refreshes } = createDummy((count) => ({ accessToken: `A${count}`, ...minted }))
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    await session.refresh()
    session.hold()
    for (let call = 0; call < 20; call++) {
      expect(await acquire()).toMatchObject({ version: 2 })
      await clock.advance(minuteMs)
    }
    expect(refreshes()).toBe(1)
  })

  it('of a kept token set may be over at the sign-in: it is refreshed before anybody gets it', async () => {
    const { session, acquire, refreshes } = createDummy(() => ({ accessToken: 'B', expiresInMs: hourMs }))
    await session.signIn({ accessToken: jwt({ exp: start / 1000 - 1 }), refreshToken: 'R' })
    expect(await acquire()).toMatchObject({ version: 2, accessToken: 'B' })
    expect(refreshes()).toBe(1)
  })

  it('of a millisecond is the time for which a token is given', async () => {
    const { session, acquire, clock, refreshes } = createDummy(() => ({ accessToken: 'B', expiresInMs: 1 }))
    await session.signIn({ accessToken: 'A', refreshToken: 'R', expiresInMs: 1 })
    expect(await acquire()).toMatchObject({ version: 1 })
    clock.jump(1)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(refreshes()).toBe(1)
  })

  it.each([-1, NaN, Infinity, -Infinity, '300'])('of %s is none: the sign-in is refused', async (expiresInMs) => {
    const { session } = createStage()
    const failure = await failureOf(session.signIn({ accessToken: 'A', expiresInMs: expiresInMs as number }))
    expect(failure).toBeInstanceOf(TypeError)
    expect(session.state.status).toBe('signed-out')
  })

  it.each([-1, NaN, Infinity, '300'])('of %s is none: the refresh counts as misconfigured', async (expiresInMs) => {
    const answer = { accessToken: 'B', expiresInMs: expiresInMs as number }
    const { session, acquire, clock } = createDummy(() => answer)
    await session.signIn({ accessToken: 'A', refreshToken: 'R', expiresInMs: hourMs })
    clock.jump(hourMs)
    expect(await failureOf(acquire())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await session.tokens()).toMatchObject({ accessToken: 'A', refreshToken: 'R' })
  })

  it('begins anew with a refresh, though the answer to it was long under way', async () => {
    const { signIn, acquire, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const asked = acquire()
    await gate.arrived
    clock.jump(20_000)
    gate.release()
    await asked
    expect(session.state).toMatchObject({ expiresAt: clock.now() + 300_000 })
  })
})

describe('a clock that jumps', () => {
  it('ahead costs one refresh, and the new lifetime counts from there', async () => {
    const { signIn, acquire, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(hourMs)
    for (let call = 0; call < 10; call++) await acquire()
    expect(session.state).toMatchObject({ expiresAt: clock.now() + 300_000 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('ahead is seen within a minute by those who hold, though nothing tells of it', async () => {
    const { signIn, session, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: dayMs } })
    await signIn()
    session.hold()
    await clock.advance(minuteMs / 2)
    clock.jump(2 * dayMs)
    await clock.advance(minuteMs / 2)
    expect(session.state).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('back gives a token out that has lapsed, until a server says so: then there is one refresh', async () => {
    const { signIn, acquire, refuse, session, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(-hourMs)
    issuer.revokeAccessToken(credential.accessToken)
    expect(await acquire()).toBe(credential)
    const renewed = await refuse(credential)
    expect(issuer.check(renewed.accessToken ?? '')).toBe('ok')
    expect(session.state).toMatchObject({ expiresAt: clock.now() + 300_000 })
    for (let call = 0; call < 10; call++) expect(await acquire()).toBe(renewed)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('back and forth while somebody holds costs one refresh in two thirds of a lifetime', async () => {
    const { signIn, session, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: hourMs } })
    await signIn()
    session.hold()
    for (let swing = 0; swing < 10; swing++) {
      clock.jump(-hourMs)
      await clock.advance(minuteMs)
      clock.jump(hourMs)
      await clock.advance(minuteMs)
    }
    expect(issuer.tokenPosts).toBe(0)
    await clock.advance(35 * minuteMs)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('back makes no cooldown longer than a cooldown can be', async () => {
    const { signIn, refuse, issuer, clock } = createStage()
    const credential = await signIn()
    issuer.faults.next(status(503))
    expect(await failureOf(refuse(credential))).toMatchObject({ reason: 'unavailable' })
    clock.jump(-hourMs)
    clock.jump(75_000)
    expect(await refuse(credential)).toMatchObject({ version: 2 })
  })

  it.each([hourMs, -hourMs])('by %d ms during a refresh does not end the wait for it', async (ms) => {
    const { signIn, acquire, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const asked = acquire()
    await gate.arrived
    clock.jump(ms)
    await clock.advance(29_000)
    gate.release()
    expect(await asked).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })
})

describe('a clock that is wrong', () => {
  it.each([hourMs, -hourMs, 50_000, -50_000])('by %d ms does no harm to a lifetime', async (offsetMs) => {
    const { open, issuer, clock } = createDesk()
    const session = open({ platform: { ...clock, now: () => clock.now() + offsetMs } })
    await session.signIn(issuer.signIn().tokens)
    for (let at = 0; at < 3000; at += 10) {
      const { accessToken = '' } = await session.acquire()
      expect(issuer.check(accessToken)).toBe('ok')
      clock.jump(10_000)
    }
    expect(issuer.tokenPosts).toBeLessThanOrEqual(15)
  })

  it.each([hourMs, -hourMs])('by %d ms does no harm to a token that names its time', async (offsetMs) => {
    const { session, acquire, clock, refreshes } = createDummy(
      (count) => ({ accessToken: jwt({ iat: issuedAt(), exp: issuedAt() + 300, count }) }),
      {},
    )
    const issuedAt = (): number => (clock.now() + offsetMs) / 1000
    await session.signIn({ accessToken: jwt({ iat: issuedAt(), exp: issuedAt() + 300 }), refreshToken: 'R' })
    for (let second = 0; second < 3000; second += 10) {
      const { accessToken = '' } = await acquire()
      const { exp } = JSON.parse(atob(accessToken.split('.')[1] ?? '')) as { exp: number }
      expect(exp).toBeGreaterThan(issuedAt())
      clock.jump(10_000)
    }
    expect(refreshes()).toBeLessThanOrEqual(15)
  })
})

describe('the timer of who holds', () => {
  it('is never longer than a minute, and there is one', async () => {
    const delays: number[] = []
    const { open, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs: 365 * dayMs } })
    const session = open({
      platform: {
        ...clock,
        setTimeout(callback, ms) {
          delays.push(ms)
          return clock.setTimeout(callback, ms)
        },
      },
    })
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    session.hold({ refreshAheadMs: hourMs })
    await clock.advance(hourMs)
    expect(clock.pending).toBe(1)
    expect(delays.length).toBeGreaterThan(60)
    expect(Math.max(...delays)).toBeLessThanOrEqual(minuteMs)
  })

  it.each([
    ['while the issuer wants to be left alone', status(429, { retryAfter: 3000 }), hourMs / 2, 60],
    ['between two tries', status(503), hourMs / 2, 150],
    ['while a token that may be spent is not presented', dropAnswer(), 4 * minuteMs, 20],
  ])('is not set more often than it must be, %s', async (_, fault, forMs, atMost) => {
    let timers = 0
    const { open, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs: hourMs, graceMs: dayMs } })
    const session = open({
      platform: {
        ...clock,
        setTimeout(callback, ms) {
          timers++
          return clock.setTimeout(callback, ms)
        },
      },
    })
    await session.signIn(issuer.signIn().tokens)
    const restore = issuer.faults.when(() => true, fault)
    const dispose = session.hold({ refreshAheadMs: hourMs / 3 })
    await clock.advance((hourMs * 2) / 3)
    expect(issuer.tokenPosts).toBe(1)
    timers = 0
    await clock.advance(forMs)
    expect(timers).toBeLessThan(atMost)
    restore()
    dispose()
  })

  it('fires at the right time for a token of a year', async () => {
    const { signIn, session, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 365 * dayMs } })
    await signIn()
    session.hold()
    await clock.advance(dayMs)
    clock.jump(364 * dayMs - 10 * minuteMs)
    await clock.advance(5 * minuteMs - 1)
    expect(issuer.tokenPosts).toBe(0)
    await clock.advance(minuteMs)
    expect(issuer.tokenPosts).toBe(1)
    expect(session.state).toMatchObject({ version: 2 })
  })

  it.each(['visibilitychange', 'pageshow', 'online', 'resume'])('is not waited for when %s tells', async (type) => {
    const { openTab, issuer, clock } = createDesk()
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    clock.jump(250_000)
    await clock.advance(0)
    expect(issuer.tokenPosts).toBe(0)
    page.tell(type)
    page.tell(type)
    await clock.advance(0)
    expect(session.state).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('may come a minute late, as in a tab that is hidden: the refresh is in time all the same', async () => {
    const { open, issuer, clock } = createDesk({ issuing: { accessTokenLifetimeMs: hourMs } })
    const session = open({
      platform: { ...clock, setTimeout: (callback, ms) => clock.setTimeout(callback, ms + minuteMs) },
    })
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    await clock.advance(hourMs - 1)
    expect(session.state).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
    await session[Symbol.asyncDispose]()
  })

  it('goes on while there is no network, and the page that comes back refreshes once', async () => {
    const { openTab, issuer, clock } = createDesk({ issuing: { graceMs: dayMs } })
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    const restore = issuer.faults.when(() => true, dropRequest())
    await clock.advance(8 * hourMs)
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
    // Once a minute after the first few.
    expect(issuer.tokenPosts).toBeLessThan(8 * 60 + 10)
    restore()
    const before = issuer.tokenPosts
    clock.jump(minuteMs)
    page.tell('online')
    page.tell('visibilitychange')
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(issuer.tokenPosts).toBe(before + 1)
  })

  it('does not wake a session that is signed out or expired', async () => {
    const { openTab, issuer, clock } = createDesk()
    const { session, page } = openTab()
    await session.signIn(issuer.signIn().tokens)
    session.hold()
    session.expire()
    page.tell('visibilitychange')
    await clock.advance(hourMs)
    expect(session.state.status).toBe('expired')
    await session.signOut()
    page.tell('visibilitychange')
    await clock.advance(hourMs)
    expect(session.state.status).toBe('signed-out')
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
  })
})
