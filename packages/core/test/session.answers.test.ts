import { editAnswer } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { Refresh } from '../src/strategies.ts'
import type { TokenSet } from '../src/token-set.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

const first: TokenSet = {
  accessToken: 'A1',
  refreshToken: 'R1',
  idToken: 'I1',
  scope: 'openid',
  tokenType: 'DPoP',
  expiresInMs: 60_000,
}

describe('an answer', () => {
  it('without a refresh token keeps the one that was spent for it (I9)', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage({ issuing: { omitRefreshToken: true } })
    await signIn()
    const { refreshToken } = (await session.tokens()) ?? {}
    for (let time = 0; time < 3; time++) {
      clock.jump(300_000)
      await acquire()
    }
    expect(await session.tokens()).toMatchObject({ refreshToken })
    expect(issuer.refreshes).toBe(3)
  })

  it('without a lifetime is usable, and has none (I9)', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    issuer.faults.next(editAnswer((json) => ({ ...json, expires_in: undefined })))
    const renewed = await session.refresh()
    expect(renewed.expiresAt).toBeUndefined()
    clock.jump(1e9)
    expect(await acquire()).toBe(renewed)
    expect(await session.tokens()).not.toHaveProperty('expiresInMs')
    expect(await session.tokens()).not.toHaveProperty('expiresAt')
  })

  it('keeps what it leaves out, and replaces what it brings', async () => {
    const { session } = createStage({ refresh: async () => ({ accessToken: 'A2', scope: 'less' }) })
    await session.signIn(first)
    await session.refresh()
    expect(await session.tokens()).toEqual({
      accessToken: 'A2',
      refreshToken: 'R1',
      idToken: 'I1',
      scope: 'less',
      tokenType: 'DPoP',
    })
  })

  it('that leaves out by undefined leaves out', async () => {
    const answer = { accessToken: 'A2', refreshToken: undefined, idToken: undefined, expiresInMs: undefined }
    const { session } = createStage({ refresh: async () => answer as never })
    await session.signIn(first)
    await session.refresh()
    expect(await session.tokens()).toMatchObject({ accessToken: 'A2', refreshToken: 'R1', idToken: 'I1' })
  })

  it('belongs to the session: what its maker does to it later does nothing', async () => {
    const answer: TokenSet = { accessToken: 'A2', refreshToken: 'R2' }
    const { session } = createStage({ refresh: async () => answer })
    await session.signIn(first)
    await session.refresh()
    answer.refreshToken = 'changed'
    expect(await session.tokens()).toMatchObject({ refreshToken: 'R2' })
  })

  it.each([
    ['without an access token', (json: object) => ({ ...json, access_token: undefined })],
    ['with an empty access token', (json: object) => ({ ...json, access_token: '' })],
    ['with a lifetime that is none', (json: object) => ({ ...json, expires_in: 'soon' })],
    ['that is a list', (json: object) => [json]],
    ['that is null', () => null],
  ])('%s is refused, and the old set stays (I9, A6)', async (_, edit) => {
    const { signIn, session, issuer } = createStage()
    const credential = await signIn()
    const { state } = session
    const tokens = await session.tokens()
    issuer.faults.next(editAnswer(edit))
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await session.tokens()).toEqual(tokens)
    expect(session.state).toBe(state)
    expect(await session.acquire()).toBe(credential)
  })

  it.each([
    [undefined],
    [null],
    [''],
    [{}],
    [{ access_token: 'A2' }],
    [{ accessToken: undefined, refreshToken: 'R2' }],
  ])('of a refresh that returns %j is refused, and the old set stays (I9, A6)', async (answer) => {
    const { session } = createStage({ refresh: (() => answer) as never })
    await session.signIn(first)
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await session.tokens()).toEqual(first)
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
  })
})

describe('an answer for another identity', () => {
  const asBob = (json: object): object => ({
    ...json,
    id_token: `e30.${btoa('{"iss":"https://issuer.test","sub":"bob"}')}.`,
  })

  it('is refused, and the old set stays (I9)', async () => {
    const { signIn, acquire, session, issuer } = createStage()
    const credential = await signIn('alice')
    issuer.faults.next(editAnswer(asBob))
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await acquire()).toBe(credential)
    expect(session.state).toMatchObject({ identity: 'https://issuer.test#alice', version: 1 })
  })

  it('has spent the token: it is not presented again (I1)', async () => {
    const { signIn, session, acquire, issuer, clock } = createStage()
    await signIn('alice')
    issuer.faults.next(editAnswer(asBob))
    await failureOf(session.refresh())
    clock.jump(300_000)
    await acquire().catch(() => {})
    expect(issuer.misuse).toEqual([])
  })

  it('is told from one that names nobody', async () => {
    const { signIn, session, issuer } = createStage()
    await signIn('alice')
    issuer.faults.next(editAnswer((json) => ({ ...json, id_token: undefined })))
    expect(await session.refresh()).toMatchObject({ identity: 'https://issuer.test#alice', version: 2 })
  })

  it('names whom it is for where nobody had said before', async () => {
    const { session } = createStage({ refresh: async () => ({ accessToken: 'A2', identity: 'alice' }) })
    await session.signIn({ accessToken: 'A1' })
    expect(await session.refresh()).toMatchObject({ epoch: 1, identity: 'alice' })
  })
})

describe('an identity option that throws', () => {
  it('makes the answer misconfigured, and the old set stays', async () => {
    const identity = vi.fn<() => string>().mockReturnValueOnce('alice')
    identity.mockImplementation(() => {
      throw new Error('mine')
    })
    const refresh: Refresh = async () => ({ accessToken: 'A2' })
    const { session } = createStage({ refresh, identity })
    await session.signIn(first)
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await session.tokens()).toEqual(first)
  })
})
