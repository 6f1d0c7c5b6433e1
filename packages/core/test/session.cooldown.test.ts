import { status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { failureOf } from './support/failure-of.ts'
import { lapsed } from './support/lapsed.ts'
import { createStage } from './support/stage.ts'

describe('the cooldown', () => {
  it('is 1 s and doubles to 60 s', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage())
    issuer.faults.when(() => true, status(503))
    await failureOf(acquire())
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
      const posts = issuer.tokenPosts
      clock.jump(seconds * 1000 - 1)
      await failureOf(acquire())
      expect(issuer.tokenPosts, `${seconds} s`).toBe(posts)
      clock.jump(1)
      await failureOf(acquire())
      expect(issuer.tokenPosts, `${seconds} s`).toBe(posts + 1)
    }
  })

  it('is never shortened by its jitter, and not much longer', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage({ random: 0.999_999 }))
    issuer.faults.next(status(503))
    await failureOf(acquire())
    clock.jump(1000)
    await failureOf(acquire())
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('is as long as the issuer asks', async () => {
    const { acquire, session, issuer, clock } = await lapsed(createStage())
    issuer.faults.next(status(429, { retryAfter: 120 }))
    const failure = await failureOf(acquire())
    expect(failure).toMatchObject({ reason: 'unavailable', retryAfterMs: 120_000 })
    clock.jump(119_999)
    expect(await failureOf(acquire())).toBe(failure)
    expect(await failureOf(session.refresh())).toBe(failure)
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('is no shorter for an issuer who asks for less', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage())
    issuer.faults.next(status(503, { retryAfter: 0 }))
    await failureOf(acquire())
    clock.jump(999)
    await failureOf(acquire())
    expect(issuer.tokenPosts).toBe(1)
  })

  it.each([NaN, -5, undefined, Infinity, '5' as never])(
    'is the same for a retryAfterMs of %j',
    async (retryAfterMs) => {
      let calls = 0
      const refresh = (): Promise<never> => {
        calls++
        throw new RefreshError('Later', { reason: 'unavailable', retryAfterMs })
      }
      const { acquire, clock } = await lapsed(createStage({ refresh }))
      await failureOf(acquire())
      clock.jump(999)
      await failureOf(acquire())
      expect(calls).toBe(1)
      clock.jump(1)
      await failureOf(acquire())
      expect(calls).toBe(2)
    },
  )

  it('is skipped for a person who asks', async () => {
    const { acquire, session, issuer } = await lapsed(createStage())
    issuer.faults.next(status(503))
    await failureOf(acquire())
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('holds for an early refresh, too: the living token is given without asking the issuer', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(280_000)
    issuer.faults.next(status(503))
    for (let call = 0; call < 5; call++) expect(await acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('begins at 1 s again after a success, also where the refresh token stays', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage({ issuing: { rotate: false } }))
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
