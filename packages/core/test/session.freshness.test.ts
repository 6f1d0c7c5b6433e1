import { createClock } from '@reauth/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createSession } from '../src/session.ts'
import { createStage } from './support/stage.ts'

describe('a fresh credential', () => {
  it('is given at once, and costs nothing', async () => {
    const { acquire, signIn, issuer } = createStage()
    const credential = await signIn()
    expect(await acquire()).toBe(credential)
    expect(credential).toMatchObject({
      epoch: 1,
      version: 1,
      tokenType: 'Bearer',
      identity: 'https://issuer.test#alice',
    })
    expect(issuer.tokenPosts).toBe(0)
  })

  it('is fresh until 30 s before its end', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 300_000 } })
    const credential = await signIn()
    clock.jump(269_999)
    expect(await acquire()).toBe(credential)
    clock.jump(1)
    expect(await acquire()).toMatchObject({ epoch: 1, version: 2 })
    expect(issuer.refreshes).toBe(1)
  })

  it('is fresh until leewayMs before its end', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ leewayMs: 0 })
    const credential = await signIn()
    clock.jump(299_999)
    expect(await acquire()).toBe(credential)
    clock.jump(1)
    await acquire()
    expect(issuer.refreshes).toBe(1)
  })

  it('is fresh for two thirds of its life, however short that is', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 30_000 } })
    const credential = await signIn()
    clock.jump(19_999)
    expect(await acquire()).toBe(credential)
    clock.jump(1)
    await acquire()
    expect(issuer.refreshes).toBe(1)
  })

  it('lives as long as a caller asks', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 3_600_000 } })
    const credential = await signIn()
    clock.jump(3_600_000 - 300_000)
    expect(await acquire()).toBe(credential)
    const renewed = await acquire({ minValidityMs: 300_000 })
    expect(renewed.version).toBe(2)
    expect(issuer.refreshes).toBe(1)
  })

  it('is fresh for two thirds of its life, however long a caller asks', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 300_000 } })
    const credential = await signIn()
    clock.jump(199_999)
    expect(await acquire({ minValidityMs: 300_000 })).toBe(credential)
    expect(await acquire({ minValidityMs: Infinity })).toBe(credential)
    clock.jump(1)
    await acquire({ minValidityMs: 300_000 })
    expect(issuer.refreshes).toBe(1)
  })

  it.each([0, -1, NaN, undefined])('keeps its leeway when a caller asks for %s', async (minValidityMs) => {
    const { acquire, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(269_999)
    expect(await acquire({ minValidityMs })).toBe(credential)
    clock.jump(1)
    await acquire({ minValidityMs })
    expect(issuer.refreshes).toBe(1)
  })

  it('costs at most one refresh in two thirds of a lifetime, whoever asks for what', async () => {
    const ask = fc.record({ afterMs: fc.nat(20_000), minValidityMs: fc.double({ min: 0, noNaN: true }) })
    const lifetime = fc.integer({ min: 1, max: 100_000 })
    await fc.assert(
      fc.asyncProperty(lifetime, fc.array(ask, { minLength: 1, maxLength: 40 }), async (expiresInMs, asks) => {
        const clock = createClock(0)
        const refreshedAt: number[] = [0]
        const refresh = async (): Promise<{ accessToken: string; expiresInMs: number }> => {
          refreshedAt.push(clock.now())
          return { accessToken: 'A', expiresInMs }
        }
        const session = createSession({ refresh, platform: clock })
        await session.signIn({ accessToken: 'A', expiresInMs })
        for (const { afterMs, minValidityMs } of asks) {
          clock.jump(afterMs)
          await session.acquire({ minValidityMs })
        }
        for (const [index, at] of refreshedAt.slice(1).entries()) {
          expect(at - (refreshedAt[index] ?? 0)).toBeGreaterThanOrEqual((expiresInMs * 2) / 3)
        }
      }),
    )
  })
})

describe('the clock', () => {
  it('is asked, not waited for: an idle session has no timer', async () => {
    const { signIn, clock } = createStage({ issuing: { accessTokenLifetimeMs: 365 * 86_400_000 } })
    await signIn()
    expect(clock.pending).toBe(0)
  })

  it('may have gone on for hours: the first call refreshes and succeeds', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(8 * 3_600_000)
    const { accessToken = '' } = await acquire()
    expect(issuer.check(accessToken)).toBe('ok')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('may be wrong by an hour: what the server says counts', async () => {
    const { refuse, acquire, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(-3_600_000)
    issuer.revokeAccessToken(credential.accessToken)
    const renewed = await refuse(credential)
    expect(issuer.check(renewed.accessToken ?? '')).toBe('ok')
    expect(await acquire()).toBe(renewed)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('does not make a token stale that the issuer just minted for no time at all', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { accessTokenLifetimeMs: 999 } })
    const credential = await signIn()
    expect(credential.expiresAt).toBeUndefined()
    clock.jump(5000)
    for (let call = 0; call < 10; call++) expect(await acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(0)
  })

  it('makes a token set stale that was kept for too long before the sign-in', async () => {
    const { acquire, session, issuer, clock } = createStage()
    await session.signIn({ ...issuer.signIn().tokens, expiresInMs: undefined, expiresAt: clock.now() - 1 } as never)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('counts for nothing where the issuer names no lifetime', async () => {
    const { acquire, signIn, issuer, clock } = createStage({ issuing: { expiresIn: false } })
    const credential = await signIn()
    clock.jump(1e10)
    expect(await acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(0)
  })
})
