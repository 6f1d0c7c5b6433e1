import { dropAnswer, dropRequest, hold as holdRequest, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import type { AuthenticationError } from '../src/errors.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage, type StageOptions } from './support/stage.ts'
import { collectUncaught } from './support/uncaught.ts'

const hourMs = 3_600_000
const deadRefreshToken = status(400, { body: { error: 'invalid_grant' } })

/** A stage whose tokens live for an hour, unless it is told otherwise. */
const createHall = (lifetimeMs = hourMs, options: StageOptions = {}): Stage =>
  createStage({ issuing: { accessTokenLifetimeMs: lifetimeMs }, ...options })

/** Remembers what a hold is told. */
function createEar() {
  const heard: string[] = []
  return {
    heard,
    onCredential: ({ epoch, version }: Credential) => void heard.push(`${epoch}.${version}`),
    onEnd: ({ reason }: AuthenticationError) => void heard.push(reason),
  }
}

describe('a session that nobody holds', () => {
  it('refreshes nothing by itself, and has no timer', async () => {
    const { signIn, issuer, clock } = createHall()
    await signIn()
    expect(clock.pending).toBe(0)
    await clock.advance(10 * hourMs)
    expect(issuer.tokenPosts).toBe(0)
  })

  it('refreshes nothing any more once the last hold is disposed', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    const disposers = [session.hold(), session.hold()]
    expect(clock.pending).toBe(1)
    disposers[0]?.()
    disposers[0]?.()
    expect(clock.pending).toBe(1)
    disposers[1]?.[Symbol.dispose]()
    expect(clock.pending).toBe(0)
    await clock.advance(10 * hourMs)
    expect(issuer.tokenPosts).toBe(0)
  })
})

describe('a session that is held', () => {
  it.each([
    ['five minutes before the lapse', hourMs, {}, 55 * 60_000],
    ['as long before the lapse as the hold asks', hourMs, { refreshAheadMs: 60_000 }, 59 * 60_000],
    ['at the lapse, where the hold asks for no time ahead', hourMs, { refreshAheadMs: 0 }, 60 * 60_000],
    ['a third of the lifetime before the lapse, if that is less', 300_000, {}, 200_000],
    ['a third of the lifetime before the lapse, if that is less than what the hold asks', 30_000, {}, 20_000],
  ])('refreshes %s', async (_, lifetimeMs, options, dueMs) => {
    const { signIn, session, issuer, clock } = createHall(lifetimeMs)
    await signIn()
    session.hold(options)
    await clock.advance(dueMs - 1)
    expect(issuer.tokenPosts).toBe(0)
    await clock.advance(1)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(issuer.tokenPosts).toBe(1)
    await clock.advance(dueMs)
    expect(session.state).toMatchObject({ status: 'active', version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('refreshes by the largest window held', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    session.hold({ refreshAheadMs: 60_000 })
    const largest = session.hold({ refreshAheadMs: 600_000 })
    session.hold({ refreshAheadMs: 120_000 })
    await clock.advance(50 * 60_000)
    expect(issuer.tokenPosts).toBe(1)
    largest()
    await clock.advance(58 * 60_000 - 1)
    expect(issuer.tokenPosts).toBe(1)
    await clock.advance(1)
    expect(issuer.tokenPosts).toBe(2)
  })

  it('looks at the clock at once for a larger window beside a smaller one, and again when that is gone', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    session.hold({ refreshAheadMs: 0 })
    clock.jump(58 * 60_000)
    const larger = session.hold({ refreshAheadMs: 60_000 })
    await clock.advance(59_000)
    expect(issuer.tokenPosts).toBe(0)
    larger()
    await clock.advance(30_000)
    expect(issuer.tokenPosts).toBe(0)
    session.hold({ refreshAheadMs: 60_000 })
    await clock.advance(0)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('looks at the clock once for thousands that hold alike', async () => {
    const now = vi.fn<() => number>(() => 0)
    const platform = { now, setTimeout: () => undefined, clearTimeout() {}, random: () => 0 }
    const { session, signIn } = createHall(hourMs, { platform })
    await signIn()
    now.mockClear()
    const disposers = Array.from({ length: 1000 }, () => session.hold())
    for (const dispose of disposers) dispose()
    expect(now.mock.calls.length).toBeLessThan(10)
  })

  it('refreshes at once for a hold that comes inside of its window', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    clock.jump(56 * 60_000)
    session.hold()
    await clock.advance(0)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('refreshes later for its jitter, by no more than a tenth of the window', async () => {
    const { signIn, session, issuer, clock } = createHall(hourMs, { random: 0.999 })
    await signIn()
    session.hold()
    await clock.advance(55 * 60_000 + 29_000)
    expect(issuer.tokenPosts).toBe(0)
    await clock.advance(1000)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('gives the living token at once while the refresh ahead is out', async () => {
    const { signIn, session, issuer, clock } = createHall()
    const credential = await signIn()
    const dispose = session.hold()
    const gate = issuer.faults.next(holdRequest())
    await clock.advance(55 * 60_000)
    expect(issuer.tokenPosts).toBe(1)
    expect(await Promise.race([session.acquire(), Promise.resolve().then(() => 'waits')])).toBe(credential)
    gate.release()
    await clock.advance(0)
    expect(await session.acquire()).toMatchObject({ version: 2 })
    dispose()
  })

  it('has one refresh for everybody who holds, and for who asks meanwhile', async () => {
    const { signIn, acquire, session, issuer, clock } = createHall(300_000)
    await signIn()
    for (let count = 0; count < 20; count++) session.hold()
    const gate = issuer.faults.next(holdRequest())
    await clock.advance(210_000)
    const asked = [acquire({ minValidityMs: 300_000 }), session.refresh()]
    gate.release()
    for (const credential of await Promise.all(asked)) expect(credential).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('refreshes no more than once a second, however short the tokens live', async () => {
    const { signIn, session, issuer, clock } = createStage({
      strategies: (refresh) => async (context) => ({ ...(await refresh(context)), expiresInMs: 3 }),
    })
    await signIn('alice', { expiresInMs: 3 })
    session.hold()
    await clock.advance(10_000)
    expect(issuer.tokenPosts).toBeGreaterThan(5)
    expect(issuer.tokenPosts).toBeLessThanOrEqual(11)
  })

  it('never comes to an end that the issuer does not name', async () => {
    const { signIn, session } = createHall(hourMs, { issuing: { expiresIn: false } })
    const told: unknown[] = []
    session.on('expiring', (event) => told.push(event))
    await signIn()
    const dispose = session.hold()
    expect(told).toEqual([])
    dispose()
  })

  it('has no timer where the issuer names no lifetime', async () => {
    const { signIn, session, issuer, clock } = createStage({ issuing: { expiresIn: false } })
    await signIn()
    session.hold()
    expect(clock.pending).toBe(0)
    await clock.advance(1e9)
    expect(issuer.tokenPosts).toBe(0)
  })

  it('refreshes nothing where what it gets could not be kept', async () => {
    const { signIn, session, issuer, clock } = createHall(hourMs, { canPersist: false })
    await signIn()
    session.hold()
    await clock.advance(2 * hourMs)
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('is held from the next sign-in on, if there is none yet', async () => {
    const { signIn, session, issuer, clock } = createHall()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    expect(clock.pending).toBe(0)
    await signIn()
    await clock.advance(55 * 60_000)
    expect(heard).toEqual(['1.1', '1.2'])
    expect(issuer.tokenPosts).toBe(1)
  })

  it.each([-1, NaN, Infinity, '5 min'])('takes no window of %s', (refreshAheadMs) => {
    const { session } = createHall()
    expect(() => session.hold({ refreshAheadMs: refreshAheadMs as number })).toThrow(/refreshAheadMs has to be/)
  })
})

describe('onCredential', () => {
  it('is told of new versions only, once each', async () => {
    const { signIn, session } = createHall()
    const credential = await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    expect(heard).toEqual([])
    await session.refresh()
    await session.acquire({ refused: credential })
    await signIn('alice')
    expect(heard).toEqual(['1.2', '1.3'])
  })

  it('is told what acquire gives', async () => {
    const { signIn, acquire, session } = createHall()
    await signIn()
    const told: Credential[] = []
    session.hold({ onCredential: (credential) => told.push(credential) })
    await session.refresh()
    expect(told).toEqual([await acquire()])
    expect(told[0]).toBe(await acquire())
  })

  it('is not told any more after its hold was disposed, also by somebody who is told before', async () => {
    const { signIn, session } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold({ onCredential: () => second() })
    const second = session.hold(ear)
    await session.refresh()
    await session.refresh()
    expect(heard).toEqual([])
  })

  it('may throw: the others are told, and the refresh goes on', async () => {
    const { signIn, session } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    const error = new Error('mine')
    session.hold({
      onCredential() {
        throw error
      },
    })
    session.hold(ear)
    const errors = collectUncaught()
    await session.refresh()
    expect(heard).toEqual(['1.2'])
    expect(errors).toEqual([error])
  })
})

describe('onEnd', () => {
  it('is told once per active period, and the hold goes on over a revival', async () => {
    const { signIn, acquire, session, issuer, clock } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    session.expire()
    session.expire()
    await acquire()
    session.expire()
    await signIn('alice')
    expect(heard).toEqual(['expired', '1.2', 'expired', '1.3'])
    await clock.advance(55 * 60_000)
    expect(heard.at(-1)).toBe('1.4')
    expect(issuer.tokenPosts).toBe(2)
  })

  it('is told of a sign-out, which ends the hold for good', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    await session.signOut()
    await signIn('alice')
    await clock.advance(10 * hourMs)
    expect(heard).toEqual(['signed-out'])
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it("is told of another's sign-in, of whose credentials the hold learns nothing", async () => {
    const { signIn, session } = createHall()
    await signIn('alice')
    const { heard, ...ear } = createEar()
    session.hold(ear)
    await signIn('bob')
    await session.refresh()
    expect(heard).toEqual(['switched'])
  })

  it.each(['alice', 'bob'])(
    'ends the hold also where the sign-out comes after the expiry, and %s is next',
    async (who) => {
      const { signIn, session, issuer, clock } = createHall()
      await signIn('alice')
      const { heard, ...ear } = createEar()
      session.hold(ear)
      session.expire()
      await session.signOut()
      await signIn(who)
      await clock.advance(2 * hourMs)
      expect(heard).toEqual(['expired'])
      expect(issuer.tokenPosts).toBe(0)
      expect(clock.pending).toBe(0)
    },
  )

  it("ends the hold where another's sign-in comes after the expiry", async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn('alice')
    const { heard, ...ear } = createEar()
    session.hold(ear)
    session.expire()
    await signIn('bob')
    await clock.advance(2 * hourMs)
    expect(heard).toEqual(['expired'])
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('is not told of the end of the sign-in after its own', async () => {
    const { signIn, session } = createHall()
    await signIn()
    const { heard, onCredential, onEnd } = createEar()
    session.hold({ onCredential, onEnd })
    await session.signOut()
    await signIn('bob')
    await session.signOut()
    expect(heard).toEqual(['signed-out'])
  })

  it('is not told again by a sign-out from an expired session', async () => {
    const { signIn, session } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    session.expire()
    await session.signOut()
    expect(heard).toEqual(['expired'])
  })

  it('is not told any more after its hold was disposed, also by somebody who is told before', async () => {
    const { signIn, session } = createHall()
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold({ onEnd: () => second() })
    const second = session.hold(ear)
    await session.signOut()
    expect(heard).toEqual([])
  })

  it('may dispose the hold, and take another for the next sign-in', async () => {
    const { signIn, session } = createHall()
    await signIn('alice')
    const { heard, ...ear } = createEar()
    const first = session.hold({
      onEnd() {
        first()
        session.hold(ear)
      },
    })
    await session.signOut()
    await signIn('bob')
    expect(heard).toEqual(['3.2'])
  })
})

describe('a token that lapses while it is held', () => {
  it('is tried again with backoff, and the session stays active', async () => {
    const { signIn, session, issuer, clock } = createHall(300_000)
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    const restore = issuer.faults.when(() => true, status(503))
    const at: number[] = []
    session.on('refresh-failed', () => at.push(clock.now()))
    await clock.advance(600_000)
    const gaps = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / 1000)
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60])
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
    restore()
    await clock.advance(60_000)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(heard).toEqual(['1.2'])
  })

  it('is left alone for as long as the issuer asks', async () => {
    const { signIn, session, issuer, clock } = createHall(300_000)
    await signIn()
    session.hold()
    issuer.faults.next(status(429, { retryAfter: 250 }))
    await clock.advance(200_000 + 249_999)
    expect(issuer.tokenPosts).toBe(1)
    await clock.advance(1)
    expect(session.state).toMatchObject({ version: 2 })
  })

  it('is not presented again while it works, where the answer was lost', async () => {
    const { signIn, session, issuer, clock } = createStage({
      issuing: { accessTokenLifetimeMs: hourMs, graceMs: hourMs },
    })
    await signIn()
    session.hold()
    issuer.faults.next(dropAnswer())
    await clock.advance(hourMs - 1)
    expect(issuer.tokenPosts).toBe(1)
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
    await clock.advance(1)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it.each([true, false])(
    'expires the session with the lapse, where the issuer rejected the refresh (held by then: %s)',
    async (isHeld) => {
      const { signIn, session, issuer, clock } = createHall(300_000)
      await signIn()
      const { heard, ...ear } = createEar()
      const dispose = session.hold(ear)
      issuer.faults.next(deadRefreshToken)
      await clock.advance(200_000)
      if (!isHeld) dispose()
      await clock.advance(99_999)
      expect(session.state.status).toBe('active')
      await clock.advance(1)
      expect(session.state.status).toBe('expired')
      expect(heard).toEqual(isHeld ? ['expired'] : [])
      expect(await session.tokens()).toBeDefined()
      await clock.advance(hourMs)
      expect(issuer.tokenPosts).toBe(1)
      expect(clock.pending).toBe(0)
    },
  )

  it('goes on with the next sign-in of the same person after that', async () => {
    const { signIn, session, issuer, clock } = createHall(300_000)
    await signIn()
    const { heard, ...ear } = createEar()
    session.hold(ear)
    issuer.faults.next(deadRefreshToken)
    await clock.advance(300_000)
    await signIn()
    await clock.advance(200_000)
    expect(heard).toEqual(['expired', '1.2', '1.3'])
    expect(issuer.tokenPosts).toBe(2)
  })

  it('harms nobody who asks meanwhile: the living one is given until it lapses (I6)', async () => {
    const { signIn, acquire, session, issuer, clock } = createHall(300_000)
    const credential = await signIn()
    session.hold()
    const restore = issuer.faults.when(() => true, dropRequest())
    await clock.advance(299_999)
    expect(await acquire()).toBe(credential)
    await clock.advance(1)
    expect(await failureOf(acquire())).toMatchObject({ name: 'RefreshError' })
    restore()
  })
})

describe('the event `expiring`', () => {
  it('is told once for each version, when the refresh ahead is due, and before it', async () => {
    const { signIn, session, clock } = createHall()
    await signIn()
    const heard: unknown[] = []
    const start = clock.now()
    session.on('expiring', ({ expiresAt }) =>
      heard.push([(clock.now() - start) / 60_000, (expiresAt - start) / 60_000]),
    )
    session.on('refreshed', ({ version }) => heard.push(version))
    session.hold()
    await clock.advance(55 * 60_000 - 1)
    expect(heard).toEqual([])
    await clock.advance(1)
    expect(heard).toEqual([[55, 60], 2])
    await clock.advance(55 * 60_000)
    expect(heard).toEqual([[55, 60], 2, [110, 115], 3])
  })

  it('is told to who listens, where nobody holds, and nothing is refreshed', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    const heard = vi.fn<() => void>()
    const stop = session.on('expiring', heard)
    await clock.advance(55 * 60_000)
    expect(heard).toHaveBeenCalledOnce()
    await clock.advance(10 * hourMs)
    expect(heard).toHaveBeenCalledOnce()
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
    stop()
  })

  it('leaves no timer behind when nobody listens any more', async () => {
    const { signIn, session, clock } = createHall()
    await signIn()
    const stop = session.on('expiring', () => {})
    expect(clock.pending).toBe(1)
    stop()
    expect(clock.pending).toBe(0)
  })

  it('is told once, however often the refresh ahead fails', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    const heard = vi.fn<() => void>()
    session.on('expiring', heard)
    session.hold()
    const restore = issuer.faults.when(() => true, status(503))
    await clock.advance(59 * 60_000)
    expect(issuer.tokenPosts).toBeGreaterThan(3)
    expect(heard).toHaveBeenCalledOnce()
    restore()
  })

  it('may be answered with a sign-out: nothing is sent', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    session.on('expiring', () => void session.signOut())
    session.hold()
    await clock.advance(55 * 60_000)
    expect(session.state.status).toBe('signed-out')
    expect(issuer.tokenPosts).toBe(0)
  })

  it('may be answered with a refresh: there is one', async () => {
    const { signIn, session, issuer, clock } = createHall()
    await signIn()
    session.on('expiring', () => void session.refresh())
    session.hold()
    await clock.advance(55 * 60_000)
    expect(session.state).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })
})
