import { deferred, hold, holdAnswer, inOrder, settle, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { createSession, type Session } from '../src/session.ts'
import type { Refresh } from '../src/strategies.ts'
import type { TokenSet } from '../src/token-set.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

const signedOut = { name: 'AuthenticationError', code: 401, reason: 'signed-out' }

describe('a sign-out', () => {
  it('moves the state at once and forgets the tokens', async () => {
    const { acquire, signIn, session } = createStage()
    await signIn()
    const done = session.signOut()
    expect(session.state).toEqual({ status: 'signed-out' })
    await done
    expect(await session.tokens()).toBeUndefined()
    expect(await failureOf(acquire())).toMatchObject(signedOut)
    expect(await failureOf(session.refresh())).toMatchObject(signedOut)
  })

  it.each([
    ['before the request arrives', hold],
    ['before its answer arrives', holdAnswer],
  ])('wins over a refresh, %s (I4)', async (_, gateOf) => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(gateOf())
    const waiting = failureOf(acquire())
    await gate.arrived
    await session.signOut()
    expect(await waiting).toMatchObject(signedOut)
    gate.release()
    await clock.advance(0)
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(await session.tokens()).toBeUndefined()
  })

  it("keeps the answer to one's refresh out of the session of the next (I4, D12)", async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gate = issuer.faults.next(holdAnswer())
    const waiting = failureOf(acquire())
    await gate.arrived
    await session.signOut()
    const bob = await signIn('bob')
    gate.release()
    await clock.advance(0)
    expect(await waiting).toMatchObject(signedOut)
    expect(await acquire()).toBe(bob)
    expect(session.state).toMatchObject({ identity: 'https://issuer.test#bob', version: bob.version })
  })

  it('lets the next refresh in their own right while the answer to the former is out', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    void failureOf(acquire())
    await gate.arrived
    await session.signOut()
    await signIn('bob')
    clock.jump(300_000)
    expect(await acquire()).toMatchObject({ identity: 'https://issuer.test#bob' })
    gate.release()
    await clock.advance(0)
    expect(session.state).toMatchObject({ identity: 'https://issuer.test#bob' })
    expect(issuer.refreshes).toBe(2)
  })

  it('ends a request that comes back refused', async () => {
    const { refuse, signIn, session, issuer } = createStage()
    const credential = await signIn()
    await session.signOut()
    expect(await failureOf(refuse(credential))).toMatchObject(signedOut)
    expect(issuer.tokenPosts).toBe(0)
  })

  it('does not let a rejection of the former expire the next', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    const gate = issuer.faults.next(holdAnswer())
    void failureOf(acquire())
    await gate.arrived
    await session.signOut()
    const bob = await signIn('bob')
    gate.release()
    await clock.advance(0)
    expect(session.state.status).toBe('active')
    expect(await acquire()).toBe(bob)
  })

  it("does not let a failure of the former be shown as the next one's (I4)", async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gate = hold()
    issuer.faults.next(inOrder(gate, status(503)))
    void failureOf(acquire())
    await gate.arrived
    await session.signOut()
    await signIn('bob')
    const heard = vi.fn<() => void>()
    session.on('refresh-failed', heard)
    gate.release()
    await clock.advance(0)
    expect(heard).not.toHaveBeenCalled()
  })

  it.each<[string, (session: Session) => Promise<void>]>([
    ['has left', (session) => session.signOut()],
    ['made room for another', (session) => session.signIn({ accessToken: 'B', refreshToken: 'R2', identity: 'bob' })],
    ['signed in anew', (session) => session.signIn({ accessToken: 'C', refreshToken: 'R3', identity: 'alice' })],
  ])('or a sign-in keeps the next strategy from being tried for one who %s (I4)', async (_, move) => {
    const first = deferred<TokenSet>()
    const second = vi.fn<Refresh>(async () => ({ accessToken: 'exchanged' }))
    const session = createSession({ refresh: [() => first.promise, { refresh: second, spends: false }] })
    await session.signIn({ accessToken: 'A', refreshToken: 'R', identity: 'alice' })
    const waiting = session.refresh().catch(() => {})
    await move(session)
    const { state } = session
    first.reject(new RefreshError('no', { reason: 'rejected' }))
    await waiting
    await session[Symbol.asyncDispose]()
    expect(second).not.toHaveBeenCalled()
    expect(session.state).toBe(state)
  })

  it('wins over a refresh that is about to begin: nothing is sent, and who waits hears of it (I4, I7)', async () => {
    const sent = vi.fn<() => Promise<TokenSet>>(async () => ({ accessToken: 'B' }))
    const { session } = createStage({
      refresh: sent,
      trace: ({ type }) => {
        if (type === 'refresh-start') void session.signOut()
      },
    })
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    const failures: unknown[] = []
    session.refresh().catch((error: unknown) => failures.push(error))
    await settle()
    expect(failures).toMatchObject([signedOut])
    expect(sent).not.toHaveBeenCalled()
  })

  it('never rejects and tells once, however often it is asked for', async () => {
    const { signIn, session } = createStage()
    const heard: unknown[] = []
    session.on('signed-out', (event) => heard.push(event))
    await session.signOut()
    await signIn()
    await Promise.all([session.signOut(), session.signOut()])
    expect(heard).toEqual([{ epoch: 2 }])
  })

  it('leaves an expired session, too', async () => {
    const { acquire, signIn, session } = createStage()
    await signIn()
    session.expire()
    await session.signOut()
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(await failureOf(acquire())).toMatchObject(signedOut)
  })
})

describe('before any sign-in', () => {
  it('there is nothing to be had', async () => {
    const { acquire, session, issuer } = createStage()
    await session.ready
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(await session.tokens()).toBeUndefined()
    expect(await failureOf(acquire())).toMatchObject(signedOut)
    expect(issuer.tokenPosts).toBe(0)
  })
})
