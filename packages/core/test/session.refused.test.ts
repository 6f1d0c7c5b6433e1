import { hold, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'
import { collectUncaught } from './support/uncaught.ts'

const refusedError = { name: 'AuthenticationError', code: 401, reason: 'refused' }

describe('a request that is refused twice', () => {
  it('ends with `refused`, costs no second refresh, and leaves the session active', async () => {
    const { refuse, acquire, signIn, session, issuer } = createStage()
    const renewed = await refuse(await signIn())
    expect(await failureOf(refuse(renewed, true))).toMatchObject(refusedError)
    expect(session.state.status).toBe('active')
    expect(await acquire()).toBe(renewed)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('strikes that version for 60 s: nobody refreshes because of it', async () => {
    const { refuse, signIn, issuer, clock } = createStage()
    const renewed = await refuse(await signIn())
    await failureOf(refuse(renewed, true))
    for (const ms of [0, 30_000, 29_999]) {
      clock.jump(ms)
      expect(await failureOf(refuse(renewed))).toMatchObject(refusedError)
    }
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is forgotten after 60 s: a refusal refreshes again', async () => {
    const { refuse, signIn, issuer, clock } = createStage()
    const renewed = await refuse(await signIn())
    await failureOf(refuse(renewed, true))
    clock.jump(60_000)
    expect(await refuse(renewed)).toMatchObject({ version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('is forgotten when the clock is set back, which would keep it for ever', async () => {
    const { refuse, signIn, issuer, clock } = createStage()
    const renewed = await refuse(await signIn())
    await failureOf(refuse(renewed, true))
    clock.jump(-1)
    expect(await refuse(renewed)).toMatchObject({ version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('strikes no newer version: one that is refused for the first time is renewed', async () => {
    const { refuse, acquire, signIn, issuer, clock } = createStage()
    const second = await refuse(await signIn())
    await failureOf(refuse(second, true))
    clock.jump(300_000)
    const third = await acquire()
    issuer.revokeAccessToken(third.accessToken)
    expect(await refuse(third)).toMatchObject({ version: 4 })
    expect(issuer.tokenPosts).toBe(3)
  })

  it('does not strike the newer version when its own is old by now', async () => {
    const { refuse, signIn, issuer } = createStage()
    const second = await refuse(await signIn())
    const third = await refuse(second)
    expect(await failureOf(refuse(second, true))).toMatchObject(refusedError)
    expect(await refuse(third)).toMatchObject({ version: 4 })
    expect(issuer.tokenPosts).toBe(3)
  })

  it('does not keep a struck version from being refreshed when it is stale', async () => {
    const { refuse, acquire, signIn, issuer, clock } = createStage()
    await failureOf(refuse(await signIn(), true))
    clock.jump(270_000)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('does not disturb a refresh that is under way', async () => {
    const { refuse, signIn, issuer } = createStage()
    const first = await signIn()
    const gate = issuer.faults.next(hold())
    const renewing = refuse(first)
    expect(await failureOf(refuse(first, true))).toMatchObject(refusedError)
    gate.release()
    expect(await renewing).toMatchObject({ version: 2 })
  })

  it('ends with `switched` when somebody else has signed in since', async () => {
    const { refuse, signIn } = createStage()
    const first = await signIn('alice')
    await signIn('bob')
    expect(await failureOf(refuse(first, true))).toMatchObject({ reason: 'switched' })
  })
})

describe('expireWhenRefused', () => {
  it('expires the session with the reason; the tokens stay', async () => {
    const { refuse, signIn, session, issuer } = createStage({ expireWhenRefused: true })
    const renewed = await refuse(await signIn())
    const { signal } = session
    const error = await failureOf(refuse(renewed, true))
    expect(error).toMatchObject(refusedError)
    expect(session.state).toMatchObject({ status: 'expired', epoch: 1, version: 2, error: refusedError })
    expect(signal.reason).toMatchObject(refusedError)
    expect(await session.tokens()).toMatchObject({ accessToken: renewed.accessToken })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('leaves the issuer alone for a minute, whoever asks', async () => {
    const { refuse, acquire, signIn, issuer, clock } = createStage({ expireWhenRefused: true })
    await failureOf(refuse(await signIn(), true))
    for (const ms of [0, 30_000, 29_999]) {
      clock.jump(ms)
      expect(await failureOf(acquire())).toMatchObject(refusedError)
    }
    expect(issuer.tokenPosts).toBe(0)
    clock.jump(1)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it('is the reason from then on, also where the issuer had failed before', async () => {
    const { refuse, acquire, signIn, session, issuer, clock } = createStage({ expireWhenRefused: true })
    const credential = await signIn()
    issuer.faults.next(status(503))
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'unavailable' })
    clock.jump(1000)
    await failureOf(refuse(credential, true))
    expect(await failureOf(acquire())).toMatchObject(refusedError)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('does not keep a person waiting who asks for a refresh', async () => {
    const { refuse, signIn, session } = createStage({ expireWhenRefused: true })
    await failureOf(refuse(await signIn(), true))
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect(session.state.status).toBe('active')
  })

  it('does not forget how long the issuer asked to be left alone', async () => {
    const { refuse, signIn, session, issuer, clock } = createStage({ expireWhenRefused: true })
    const credential = await signIn()
    issuer.faults.next(status(429, { retryAfter: 600 }))
    await failureOf(refuse(credential))
    await failureOf(refuse(credential, true))
    clock.jump(120_000)
    await failureOf(session.refresh())
    expect(issuer.tokenPosts).toBe(1)
  })

  it('says so, too, where an early refresh was rejected before', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage({ expireWhenRefused: true })
    const credential = await signIn()
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    clock.jump(280_000)
    expect(await acquire()).toBe(credential)
    await failureOf(refuse(credential, true))
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
  })

  it('says that the session has expired once the issuer has rejected the refresh token, too', async () => {
    const { refuse, signIn, session, issuer } = createStage({ expireWhenRefused: true })
    const credential = await signIn()
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    await failureOf(refuse(credential, true))
    await failureOf(session.refresh())
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(issuer.tokenPosts).toBe(1)
  })
})

describe('an endpoint that refuses everybody', () => {
  it('does not cost the others the last seconds of a token, when the issuer is away (I6)', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    await failureOf(refuse(credential, true))
    clock.jump(280_000)
    issuer.faults.next(status(503))
    expect(await acquire()).toBe(credential)
  })
})

describe('the event `refused`', () => {
  it('tells of every refusal, with its version', async () => {
    const { refuse, signIn, session } = createStage()
    const heard: unknown[] = []
    session.on('refused', (event) => heard.push(event))
    const first = await signIn()
    const second = await refuse(first)
    await refuse(first)
    await failureOf(refuse(second, true))
    expect(heard).toEqual([{ version: 1 }, { version: 1 }, { version: 2 }])
  })

  it('may be answered with a sign-out: the request ends', async () => {
    const { refuse, signIn, session, issuer } = createStage()
    const credential = await signIn()
    session.on('refused', () => void session.signOut())
    expect(await failureOf(refuse(credential))).toMatchObject({ reason: 'signed-out' })
    expect(issuer.tokenPosts).toBe(0)
  })

  it("may be answered with another's sign-in: the request is not replayed as theirs (I4)", async () => {
    const { refuse, signIn, session, issuer } = createStage()
    const credential = await signIn('alice')
    const bob = issuer.signIn({ identity: 'bob' }).tokens
    session.on('refused', () => void session.signIn(bob))
    expect(await failureOf(refuse(credential))).toMatchObject({ reason: 'switched' })
    expect(issuer.tokenPosts).toBe(0)
  })

  it('may be answered with a sign-in of the same person: the request gets the new credential', async () => {
    const { refuse, signIn, session, issuer } = createStage()
    const credential = await signIn('alice')
    const again = issuer.signIn({ identity: 'alice' }).tokens
    const stop = session.on('refused', () => void session.signIn(again))
    expect(await refuse(credential)).toMatchObject({ epoch: 1, version: 2, accessToken: again.accessToken })
    stop()
    expect(issuer.tokenPosts).toBe(0)
  })

  it('harms nothing when its listener throws', async () => {
    const uncaught = collectUncaught()
    const { refuse, signIn, session } = createStage()
    const error = new Error('mine')
    session.on('refused', () => {
      throw error
    })
    expect(await refuse(await signIn())).toMatchObject({ version: 2 })
    expect(uncaught).toEqual([error])
  })
})
