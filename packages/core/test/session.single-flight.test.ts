import { hold, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

describe('one refresh', () => {
  it('serves everybody who asks while the credential is stale', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const credentials = await Promise.all(Array.from({ length: 50 }, () => acquire()))
    expect(new Set(credentials).size).toBe(1)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('serves 10,000 callers who were refused in the same moment', async () => {
    const { signIn, issuer, session } = createStage()
    const refused = await signIn()
    issuer.revokeAccessToken(refused.accessToken)
    const credentials = await Promise.all(Array.from({ length: 10_000 }, () => session.acquire({ refused })))
    expect(new Set(credentials).size).toBe(1)
    expect(credentials[0]?.version).toBe(2)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('serves the stale, the refused and the person who pressed a button', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(280_000)
    const all = await Promise.all([acquire(), refuse(credential), session.refresh(), acquire(), refuse(credential)])
    expect(new Set(all).size).toBe(1)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('serves those who come while it is under way', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const refused = await signIn()
    const gate = issuer.faults.next(hold())
    clock.jump(300_000)
    const first = acquire()
    await gate.arrived
    const second = refuse(refused)
    await clock.advance(10_000)
    const third = acquire()
    gate.release()
    expect(await second).toBe(await first)
    expect(await third).toBe(await first)
    expect(issuer.tokenPosts).toBe(1)
  })

  it.each([1, 5, 50])('serves refusals that come late, in %i waves (I2)', async (waves) => {
    const { refuse, signIn, issuer, clock } = createStage()
    const refused = await signIn()
    issuer.revokeAccessToken(refused.accessToken)
    for (let wave = 0; wave < waves; wave++) {
      const all = await Promise.all(Array.from({ length: 100 }, () => refuse(refused)))
      expect(all.every(({ version }) => version === 2)).toBe(true)
      clock.jump(1000)
    }
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is not needed for one who was refused with a credential of long ago', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const first = await signIn()
    clock.jump(300_000)
    await acquire()
    clock.jump(300_000)
    const third = await acquire()
    expect(await refuse(first)).toBe(third)
    expect(issuer.tokenPosts).toBe(2)
  })

  it('is needed for one who was refused with an old credential when the newer is stale by now', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const first = await signIn()
    clock.jump(300_000)
    await acquire()
    clock.jump(300_000)
    expect(await refuse(first)).toMatchObject({ version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('is waited for by those who would get the refused credential otherwise', async () => {
    const { acquire, refuse, signIn, issuer } = createStage()
    const refused = await signIn()
    const gate = issuer.faults.next(hold())
    const first = refuse(refused)
    await gate.arrived
    const second = acquire()
    gate.release()
    expect(await second).toBe(await first)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('goes on when the caller who started it gives up; only that wait ends, with the reason given', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const giveUp = new AbortController()
    const mine = failureOf(acquire({ signal: giveUp.signal }))
    const theirs = acquire()
    const reason = { mine: true }
    giveUp.abort(reason)
    expect(await mine).toBe(reason)
    gate.release()
    expect(await theirs).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('goes on when everybody gave up, and its answer is stored', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const giveUp = new AbortController()
    const mine = failureOf(acquire({ signal: giveUp.signal }))
    giveUp.abort('bye')
    await mine
    gate.release()
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
  })

  it('is not begun for a caller who gave up before', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    expect(await failureOf(acquire({ signal: AbortSignal.abort('no') }))).toBe('no')
    await clock.advance(0)
    expect(issuer.tokenPosts).toBe(0)
  })
})

describe('one failure', () => {
  it('is shared by everybody who waits for the refresh', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(300_000)
    issuer.faults.next(status(503))
    const failures = await Promise.all([acquire(), refuse(credential), acquire()].map(failureOf))
    expect(new Set(failures).size).toBe(1)
    expect(failures[0]).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is shared by refusals that come late, until the cooldown ends', async () => {
    const { refuse, signIn, issuer, clock } = createStage()
    const refused = await signIn()
    issuer.faults.next(status(503))
    const failure = await failureOf(refuse(refused))
    clock.jump(999)
    expect(await failureOf(refuse(refused))).toBe(failure)
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(1)
    expect(await refuse(refused)).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(2)
  })
})
