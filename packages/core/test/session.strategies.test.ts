import { dropRequest, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import type { Refresh } from '../src/strategies.ts'
import { createDesk } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'
import { createStage, type Stage } from './support/stage.ts'

const exchanged = { accessToken: 'exchanged', expiresInMs: 300_000 }

/** A session whose refresh token the issuer has revoked, with a second strategy; its access token has lapsed. */
async function stranded(second: Refresh): Promise<Stage> {
  const stage = createStage({ strategies: (refresh) => [refresh, { refresh: second, spends: false }] })
  await stage.signIn()
  const tokens = await stage.session.tokens()
  stage.issuer.revokeFamily(tokens?.refreshToken ?? '')
  stage.clock.jump(300_000)
  return stage
}

describe('a list of strategies', () => {
  it('goes on to the next when the issuer rejected the former (A4)', async () => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { acquire, session, issuer } = await stranded(second)
    expect(await acquire()).toMatchObject({ accessToken: 'exchanged', epoch: 1, version: 2 })
    expect(session.state.status).toBe('active')
    expect(issuer.tokenPosts).toBe(1)
    expect(second).toHaveBeenCalledOnce()
  })

  it('goes on to one that spends the refresh token, where the former that did not was rejected', async () => {
    const first = vi.fn<Refresh>(() => Promise.reject(new RefreshError('No', { reason: 'rejected' })))
    const { signIn, session, issuer } = createStage({
      strategies: (refresh) => [{ refresh: first, spends: false }, refresh],
    })
    await signIn()
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect(first).toHaveBeenCalledOnce()
    expect(issuer.refreshes).toBe(1)
  })

  it('is given up when the user signs out while the issuer rejects the first', async () => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { signIn, session } = createStage({
      strategies: () => [
        async () => {
          await session.signOut()
          throw new RefreshError('No', { reason: 'rejected' })
        },
        second,
      ],
    })
    await signIn()
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'signed-out' })
    expect(second).not.toHaveBeenCalled()
  })

  it('is given up when another tab has stored other tokens while the issuer rejected the first', async () => {
    const { storage, items } = mapStorage()
    const second = vi.fn<Refresh>(async () => exchanged)
    const desk = createDesk({
      storage,
      refresh: [
        async () => {
          const record = JSON.parse(items.get('reauth') ?? '') as object
          items.set('reauth', JSON.stringify({ ...record, version: 2, tokens: { ...exchanged, refreshToken: 'R2' } }))
          throw new RefreshError('No', { reason: 'rejected' })
        },
        { refresh: second, spends: false },
      ],
    })
    const { session } = desk.openTab()
    await session.signIn({ accessToken: 'A1', refreshToken: 'R1', expiresInMs: 300_000 })
    expect(await session.refresh()).toMatchObject({ version: 2, accessToken: 'exchanged' })
    expect(second).not.toHaveBeenCalled()
  })

  it('does not go on while the first succeeds', async () => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { session, signIn, issuer } = createStage({
      strategies: (refresh) => [refresh, { refresh: second, spends: false }],
    })
    await signIn()
    await session.refresh()
    expect(issuer.refreshes).toBe(1)
    expect(second).not.toHaveBeenCalled()
  })

  it.each([
    ['lost', dropRequest()],
    ['unavailable', status(503)],
    ['misconfigured', status(200, { body: {} })],
  ])('does not go on after what is no verdict: %s', async (reason, fault) => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { acquire, session, issuer } = await stranded(second)
    issuer.faults.next(fault)
    expect(await failureOf(acquire())).toMatchObject({ name: 'RefreshError', reason })
    expect(session.state.status).toBe('active')
    expect(second).not.toHaveBeenCalled()
  })

  it('goes on to the next where there is no refresh token', async () => {
    const { session } = createStage({
      strategies: (refresh) => [refresh, { refresh: async () => exchanged, spends: false }],
    })
    await session.signIn({ accessToken: 'A' })
    expect(await session.refresh()).toMatchObject({ accessToken: 'exchanged' })
  })

  it('expires the session when the last was rejected, too', async () => {
    const { acquire, session } = await stranded(() => Promise.reject(new RefreshError('no', { reason: 'rejected' })))
    expect(await failureOf(acquire())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(session.state.status).toBe('expired')
  })

  it('expires nothing when the last was unavailable, and asks only that one again (I1)', async () => {
    const second = vi.fn<Refresh>().mockRejectedValueOnce(new RefreshError('later', { reason: 'unavailable' }))
    second.mockResolvedValueOnce(exchanged)
    const { acquire, session, issuer, clock } = await stranded(second)
    expect(await failureOf(acquire())).toMatchObject({ reason: 'unavailable' })
    expect(session.state.status).toBe('active')
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ accessToken: 'exchanged' })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('revives an expired session by a strategy that spends nothing, once per cooldown', async () => {
    const second = vi.fn<Refresh>().mockRejectedValue(new RefreshError('no', { reason: 'rejected' }))
    const { acquire, session, issuer, clock } = await stranded(second)
    for (const ms of [0, 999]) {
      clock.jump(ms)
      await failureOf(acquire())
    }
    expect(second).toHaveBeenCalledTimes(1)
    second.mockResolvedValue(exchanged)
    clock.jump(1)
    expect(await acquire()).toMatchObject({ accessToken: 'exchanged' })
    expect(session.state.status).toBe('active')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('never presents the rejected token again after the second helped out (I1)', async () => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { acquire, session, issuer, clock } = await stranded(second)
    for (let time = 0; time < 3; time++) {
      await acquire()
      clock.jump(300_000)
    }
    await session.refresh()
    expect(second).toHaveBeenCalledTimes(4)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is refreshed ahead by the second, where the issuer has rejected the first', async () => {
    const second = vi.fn<Refresh>(async () => exchanged)
    const { acquire, session, clock, issuer } = await stranded(second)
    await acquire()
    const dispose = session.hold()
    await clock.advance(250_000)
    expect(second).toHaveBeenCalledTimes(2)
    expect(issuer.tokenPosts).toBe(1)
    dispose()
  })

  it('uses the first again once there is another refresh token', async () => {
    const second = vi.fn<Refresh>(async () => fresh)
    const { acquire, issuer, clock } = await stranded(second)
    const fresh = issuer.signIn().tokens
    await acquire()
    clock.jump(300_000)
    expect(await acquire()).toMatchObject({ version: 3 })
    expect(issuer.refreshes).toBe(1)
    expect(second).toHaveBeenCalledOnce()
  })

  it('does not present a token that the issuer just rejected, whoever of the list would spend it (I1)', async () => {
    const { signIn, session, issuer } = createStage({ strategies: (refresh) => [refresh, { refresh, spends: true }] })
    await signIn()
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    await failureOf(session.refresh())
    expect(issuer.tokenPosts).toBe(1)
  })

  it('tells each why and with what, in a copy that is its own', async () => {
    const seen: unknown[] = []
    const spoil: Refresh = async ({ tokens, reason }) => {
      seen.push({ ...tokens, reason })
      tokens.refreshToken = 'spoiled'
      throw new RefreshError('no', { reason: 'rejected' })
    }
    const { session } = createStage({ refresh: [spoil, { refresh: spoil, spends: false }] })
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    await failureOf(session.refresh())
    const given = { accessToken: 'A', refreshToken: 'R', reason: 'asked' }
    expect(seen).toEqual([given, given])
    expect(await session.tokens()).toMatchObject({ refreshToken: 'R' })
  })

  it.each([
    ['stale', 'stale'],
    ['refused', 'refused'],
    ['asked', 'asked'],
  ] as const)('is told the reason: %s', async (how, reason) => {
    const refresh = vi.fn<Refresh>(async () => ({ accessToken: 'B' }))
    const { session, acquire, refuse, clock } = createStage({ refresh })
    await session.signIn({ accessToken: 'A', expiresInMs: 1000 })
    const credential = await acquire()
    if (how === 'stale') clock.jump(1000)
    await { stale: () => acquire(), refused: () => refuse(credential), asked: () => session.refresh() }[how]()
    expect(refresh.mock.calls[0]?.[0]).toMatchObject({ reason })
  })
})
