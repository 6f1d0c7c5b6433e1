import { dropRequest, html, malformedJson, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { failureOf } from './support/failure-of.ts'
import { lapsed } from './support/lapsed.ts'
import { createStage } from './support/stage.ts'

const expired = { name: 'AuthenticationError', code: 401, reason: 'expired' }

describe('a refresh that fails', () => {
  it.each([
    ['503', status(503), 'unavailable'],
    ['429', status(429), 'unavailable'],
    ["a captive portal's page", html(200), 'unavailable'],
    ["a proxy's page", html(502), 'unavailable'],
    ['JSON that breaks off', malformedJson(), 'unavailable'],
    ['a network error', dropRequest(), 'lost'],
    ['an answer without a token', status(200, { body: {} }), 'misconfigured'],
    ['invalid_client', status(400, { body: { error: 'invalid_client' } }), 'misconfigured'],
  ])('keeps the tokens and the session (I5): %s', async (_, fault, reason) => {
    const { acquire, session, issuer } = await lapsed(createStage())
    const { state } = session
    const tokens = await session.tokens()
    issuer.faults.next(fault)
    expect(await failureOf(acquire())).toMatchObject({ name: 'RefreshError', reason })
    expect(session.state).toBe(state)
    expect(await session.tokens()).toEqual(tokens)
  })

  it.each([
    ['unavailable', status(503)],
    ['lost', dropRequest()],
    ['misconfigured', status(200, { body: {} })],
  ])('early does not disturb a token that still lives (I6): %s', async (_, fault) => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(280_000)
    issuer.faults.next(fault)
    expect(await acquire()).toBe(credential)
    expect(session.state.status).toBe('active')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('counts as lost where the refresh throws what it likes', async () => {
    const cause = new Error('mine')
    const { session, signIn } = createStage({ refresh: () => Promise.reject(cause) })
    await signIn()
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'lost', cause })
  })

  it('is forgotten with the next success', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage())
    issuer.faults.next(status(503), 3)
    for (const ms of [0, 1000, 2000]) {
      clock.jump(ms)
      await failureOf(acquire())
    }
    clock.jump(4000)
    await acquire()
    clock.jump(300_000)
    issuer.faults.next(status(503))
    await failureOf(acquire())
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 3 })
  })
})

describe('a rejection', () => {
  it('expires the session with its tokens, and is never followed by the same token (I1)', async () => {
    const { acquire, session, issuer, clock } = await lapsed(createStage())
    const tokens = await session.tokens()
    issuer.revokeFamily(tokens?.refreshToken ?? '')
    const error = await failureOf(acquire())
    expect(error).toMatchObject({ ...expired, cause: { name: 'RefreshError', reason: 'rejected' } })
    expect(session.state).toEqual({
      status: 'expired',
      epoch: 1,
      version: 1,
      identity: 'https://issuer.test#alice',
      error,
    })
    expect(await session.tokens()).toEqual(tokens)
    for (const ms of [0, 1000, 60_000, 3_600_000]) {
      clock.jump(ms)
      expect(await failureOf(acquire())).toMatchObject(expired)
      expect(await failureOf(session.refresh())).toMatchObject(expired)
    }
    expect(issuer.tokenPosts).toBe(1)
  })

  it('early leaves a living token alone until it lapses', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    issuer.revokeRefreshToken((await session.tokens())?.refreshToken ?? '')
    clock.jump(280_000)
    expect(await acquire()).toBe(credential)
    clock.jump(19_999)
    expect(await acquire()).toBe(credential)
    expect(session.state.status).toBe('active')
    clock.jump(1)
    expect(await failureOf(acquire())).toMatchObject(expired)
    expect(session.state.status).toBe('expired')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('early leaves a living token alone until it is refused', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    issuer.revokeRefreshToken((await session.tokens())?.refreshToken ?? '')
    clock.jump(280_000)
    expect(await acquire()).toBe(credential)
    expect(await failureOf(refuse(credential))).toMatchObject(expired)
    expect(session.state.status).toBe('expired')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('leaves a person who asks early with an error, and the living token in place', async () => {
    const { acquire, signIn, session, issuer } = createStage()
    const credential = await signIn()
    issuer.revokeRefreshToken((await session.tokens())?.refreshToken ?? '')
    for (let time = 0; time < 3; time++) expect(await failureOf(session.refresh())).toMatchObject(expired)
    expect(session.state.status).toBe('active')
    expect(await acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(1)
  })
})
