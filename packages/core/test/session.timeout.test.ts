import { type Deferred, deferred, delayAnswer, hang, hold, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import type { Refresh, RefreshContext } from '../src/strategies.ts'
import type { TokenSet } from '../src/token-set.ts'
import { createDesk } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage, type StageOptions } from './support/stage.ts'

/** A session whose refresh answers when the test says so, and does not care for its signal. */
async function deaf(options: StageOptions = {}): Promise<Stage & { calls: (RefreshContext & Deferred<TokenSet>)[] }> {
  const calls: (RefreshContext & Deferred<TokenSet>)[] = []
  const refresh: Refresh = (context) => {
    const call = { ...context, ...deferred<TokenSet>() }
    calls.push(call)
    return call.promise
  }
  const stage = createStage({ refresh, ...options })
  await stage.session.signIn({ accessToken: 'A1', refreshToken: 'R1', expiresInMs: 300_000, identity: 'alice' })
  stage.clock.jump(300_000)
  return { ...stage, calls }
}

describe('refreshTimeoutMs', () => {
  it('ends the waits of everybody with `unavailable`, and not the request', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    issuer.faults.next(delayAnswer(45_000))
    const waits = [acquire(), acquire()].map(failureOf)
    await clock.advance(30_000)
    for (const wait of waits) expect(await wait).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
    await clock.advance(15_000)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('starts no second request while the first is out', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    void failureOf(acquire())
    await clock.advance(40_000)
    expect(await failureOf(acquire())).toMatchObject({ reason: 'unavailable' })
    gate.release()
    await clock.advance(0)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('gives the living token to those who asked early (I6)', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ refreshTimeoutMs: 5000 })
    const credential = await signIn()
    clock.jump(275_000)
    issuer.faults.next(delayAnswer(6000))
    const early = acquire()
    await clock.advance(5000)
    expect(await early).toBe(credential)
    await clock.advance(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('leaves no timer behind when the answer comes in time', async () => {
    const { acquire, signIn, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    await acquire()
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })
})

describe('the hard cap', () => {
  it('aborts the request after three times as long, with an answer that is lost', async () => {
    const { acquire, calls, entries, clock, session } = await deaf()
    void failureOf(acquire())
    await clock.advance(89_999)
    expect(calls[0]?.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(calls[0]?.signal.aborted).toBe(true)
    expect(calls[0]?.signal.reason).toMatchObject({ name: 'RefreshError', reason: 'lost', sent: true })
    expect(entries).toContainEqual(expect.objectContaining({ type: 'refresh-failed', reason: 'lost', level: 'warn' }))
    expect(session.state.status).toBe('active')
    expect(clock.pending).toBe(0)
  })

  it('says that somebody else held the lock, where that is why', async () => {
    const desk = createDesk()
    const session = desk.open()
    await session.signIn(desk.issuer.signIn().tokens)
    const { promise, resolve } = deferred()
    void desk.storage.request?.('reauth:reauth', {}, () => promise)
    const failures: RefreshError[] = []
    session.on('refresh-failed', ({ error }) => failures.push(error))
    const waiting = failureOf(session.refresh())
    await desk.clock.advance(30_000)
    expect(await waiting).toMatchObject({ reason: 'unavailable' })
    expect(failures).toMatchObject([{ reason: 'unavailable' }])
    expect(failures[0]?.message).toContain('held the lock')
    resolve()
  })

  it('lets a request that hangs be followed by another, after the backoff', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { graceMs: 1e9 } })
    await signIn()
    clock.jump(300_000)
    issuer.faults.next(hang())
    void failureOf(acquire())
    await clock.advance(90_000)
    expect(await failureOf(acquire())).toMatchObject({ reason: 'lost' })
    expect(issuer.tokenPosts).toBe(1)
    await clock.advance(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('does not keep an answer that comes after it from being stored', async () => {
    const { acquire, calls, clock, session } = await deaf()
    void failureOf(acquire())
    await clock.advance(90_000)
    calls[0]?.resolve({ accessToken: 'A2', refreshToken: 'R2', expiresInMs: 300_000 })
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(await acquire()).toMatchObject({ accessToken: 'A2' })
    expect(calls).toHaveLength(1)
  })

  it.each<[string, (stage: Stage) => unknown]>([
    ['a sign-out', ({ session }) => session.signOut()],
    ["another's sign-in", ({ session }) => session.signIn({ accessToken: 'B1', identity: 'bob' })],
    ['a sign-in of the same person', ({ session }) => session.signIn({ accessToken: 'A9', identity: 'alice' })],
  ])('does not let an answer that comes after it undo %s', async (_, move) => {
    const stage = await deaf()
    const { acquire, calls, clock, session } = stage
    void failureOf(acquire())
    await clock.advance(90_000)
    await move(stage)
    const { state } = session
    calls[0]?.resolve({ accessToken: 'A2', refreshToken: 'R2' })
    await clock.advance(0)
    expect(session.state).toBe(state)
  })

  it('does not let a rejection that comes after it be forgotten (I1)', async () => {
    const { acquire, calls, clock, session } = await deaf()
    void failureOf(acquire())
    await clock.advance(90_000)
    calls[0]?.reject(new RefreshError('no', { reason: 'rejected' }))
    await clock.advance(60_000)
    expect(await failureOf(acquire())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(session.state.status).toBe('expired')
    expect(calls).toHaveLength(1)
  })

  it('covers a list of strategies as a whole', async () => {
    const second = vi.fn<Refresh>(async () => ({ accessToken: 'exchanged' }))
    const { promise, reject } = deferred<TokenSet>()
    const { session, clock } = createStage({ refresh: [() => promise, { refresh: second, spends: false }] })
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    void failureOf(session.refresh())
    await clock.advance(90_000)
    reject(new RefreshError('no', { reason: 'rejected' }))
    await clock.advance(0)
    expect(second).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
  })

  it('comes to nothing when the refresh fails before', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    issuer.faults.next(status(503))
    await failureOf(acquire())
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })
})
