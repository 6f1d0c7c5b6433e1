import { dropAnswer, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { failureOf } from './support/failure-of.ts'
import { lapsed } from './support/lapsed.ts'
import { createStage } from './support/stage.ts'

const expired = { name: 'AuthenticationError', code: 401, reason: 'expired' }

describe('a lost answer', () => {
  const forgiving = { issuing: { graceMs: 1e9 } }

  it('keeps the token from being presented again while the access token works', async () => {
    const { acquire, signIn, issuer, clock } = createStage(forgiving)
    const credential = await signIn()
    clock.jump(270_000)
    issuer.faults.next(dropAnswer())
    for (const ms of [0, 1000, 5000, 20_000]) {
      clock.jump(ms)
      expect(await acquire()).toBe(credential)
    }
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(4000)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('keeps the token for once the access token is refused, after the backoff', async () => {
    const { refuse, signIn, issuer, clock } = createStage(forgiving)
    const credential = await signIn()
    issuer.faults.next(dropAnswer())
    expect(await failureOf(refuse(credential))).toMatchObject({ reason: 'lost' })
    clock.jump(999)
    expect(await failureOf(refuse(credential))).toMatchObject({ reason: 'lost' })
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1)
    expect(await refuse(credential)).toMatchObject({ version: 2 })
    expect(issuer.graced).toBe(1)
  })

  it('is presented again by a session that has expired since, though its access token has time left', async () => {
    const { acquire, session, signIn, issuer, clock } = createStage(forgiving)
    await signIn()
    issuer.faults.next(dropAnswer())
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'lost' })
    session.expire()
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.graced).toBe(1)
  })

  it('is presented again one at a time', async () => {
    const { acquire, issuer, clock } = await lapsed(createStage(forgiving))
    issuer.faults.next(dropAnswer())
    await failureOf(acquire())
    clock.jump(1000)
    await Promise.all(Array.from({ length: 20 }, () => acquire()))
    expect(issuer.tokenPosts).toBe(2)
  })

  it('is presented again at once for a person who asks, even while the access token lives', async () => {
    const { signIn, session, issuer } = createStage(forgiving)
    await signIn()
    issuer.faults.next(dropAnswer())
    await failureOf(session.refresh())
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('stays a risk until the issuer answers, whatever fails in between', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage(forgiving)
    const credential = await signIn()
    clock.jump(270_000)
    issuer.faults.next(dropAnswer())
    await failureOf(session.refresh())
    issuer.faults.next(status(503))
    await failureOf(session.refresh())
    clock.jump(10_000)
    expect(await acquire()).toBe(credential)
    expect(issuer.tokenPosts).toBe(2)
  })

  it('that spent the token expires the session once the issuer says so', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    issuer.faults.next(dropAnswer())
    expect(await failureOf(acquire())).toMatchObject({ reason: 'lost' })
    issuer.faults.next(status(400, { body: { error: 'invalid_grant' } }))
    clock.jump(1000)
    expect(await failureOf(acquire())).toMatchObject(expired)
    expect(session.state.status).toBe('expired')
  })

  it('is no risk any more once the issuer has answered, also where the refresh token stays', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage({ issuing: { rotate: false } })
    await signIn()
    issuer.faults.next(dropAnswer())
    await failureOf(session.refresh())
    await session.refresh()
    clock.jump(270_000)
    issuer.faults.next(status(503))
    await acquire()
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 3 })
  })
})
