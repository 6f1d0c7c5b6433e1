import { hold, holdAnswer } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { createSession } from '../src/session.ts'
import type { TokenSet } from '../src/token-set.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

describe('a sign-in', () => {
  it('moves the state at once', () => {
    const { session, issuer } = createStage()
    void session.signIn(issuer.signIn().tokens)
    expect(session.state).toMatchObject({
      status: 'active',
      epoch: 1,
      version: 1,
      identity: 'https://issuer.test#alice',
    })
  })

  it('of the same identity keeps the epoch and moves the version', async () => {
    const { signIn } = createStage()
    const first = await signIn('alice')
    expect(await signIn('alice')).toMatchObject({ epoch: first.epoch, version: 2 })
  })

  it('of another identity starts an epoch: no request of the former is replayed as the next', async () => {
    const { signIn, refuse, issuer } = createStage()
    const alice = await signIn('alice')
    const bob = await signIn('bob')
    expect(bob.epoch).toBeGreaterThan(alice.epoch)
    expect(await failureOf(refuse(alice))).toMatchObject({ name: 'AuthenticationError', reason: 'switched' })
    expect(issuer.tokenPosts).toBe(0)
  })

  it.each<[string, () => string | undefined]>([
    ['nobody in particular', () => undefined],
    ['null, which no type allows', () => null as never],
  ])('of %s starts an epoch each time', async (_, identity) => {
    const { session, acquire } = createStage({ identity })
    await session.signIn({ accessToken: 'A' })
    const first = await acquire()
    await session.signIn({ accessToken: 'B' })
    expect((await acquire()).epoch).toBeGreaterThan(first.epoch)
  })

  it('is of whom the option says', async () => {
    const { session } = createStage({ identity: ({ scope }) => scope })
    await session.signIn({ accessToken: 'A', scope: 'me' })
    expect(session.state).toMatchObject({ identity: 'me' })
  })

  it('of the same identity gives those who wait its credential, and drops the answer to the former', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gate = issuer.faults.next(holdAnswer())
    const waiting = acquire()
    await gate.arrived
    const again = await signIn('alice')
    expect(await waiting).toBe(again)
    gate.release()
    await clock.advance(0)
    expect(await acquire()).toBe(again)
  })

  it('of another identity ends the wait of those who asked for the former', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const waiting = failureOf(acquire())
    await gate.arrived
    const bob = await signIn('bob')
    expect(await waiting).toMatchObject({ reason: 'switched' })
    gate.release()
    await clock.advance(0)
    expect(await acquire()).toBe(bob)
  })

  it('ends an early wait of the former, too, and not with a credential of the next', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(280_000)
    const gate = issuer.faults.next(hold())
    const waiting = failureOf(acquire())
    await gate.arrived
    await signIn('bob')
    expect(await waiting).toMatchObject({ reason: 'switched' })
    gate.release()
  })

  it('revives an expired session, in the same epoch for the same identity', async () => {
    const { signIn, session } = createStage()
    await signIn('alice')
    session.expire()
    expect(await signIn('alice')).toMatchObject({ epoch: 1, version: 2 })
    expect(session.state.status).toBe('active')
  })

  it.each([
    [undefined],
    [null],
    ['A'],
    [{}],
    [{ refreshToken: 'R' }],
    [{ accessToken: '' }],
    [{ accessToken: undefined, refreshToken: 'R' }],
    [{ accessToken: 'a b' }],
    [{ accessToken: 'A', expiresInMs: -1 }],
    [{ access_token: 'A', token_type: 'Bearer' }],
  ])('with what is no token set is a TypeError and changes nothing: %j', async (tokens) => {
    const { session, signIn } = createStage()
    await signIn()
    const { state } = session
    expect(await failureOf(session.signIn(tokens as never))).toBeInstanceOf(TypeError)
    expect(session.state).toBe(state)
  })

  it('takes a copy of the tokens, and gives copies', async () => {
    const { session, acquire } = createStage()
    const mine: TokenSet = { accessToken: 'A', refreshToken: 'R' }
    await session.signIn(mine)
    mine.refreshToken = 'changed'
    const given = await session.tokens()
    if (given !== undefined) given.refreshToken = 'changed, too'
    expect(await session.tokens()).toMatchObject({ refreshToken: 'R' })
    expect(await acquire()).toMatchObject({ accessToken: 'A' })
  })
})

describe('two sessions', () => {
  it('know nothing of each other', async () => {
    const refresh = async (): Promise<TokenSet> => ({ accessToken: 'B' })
    const [one, two] = [createSession({ refresh }), createSession({ refresh })]
    await one.signIn({ accessToken: 'A' })
    expect(two.state).toEqual({ status: 'signed-out' })
    await one[Symbol.asyncDispose]()
    await two.signIn({ accessToken: 'A' })
    expect(await two.acquire()).toMatchObject({ accessToken: 'A' })
  })
})
