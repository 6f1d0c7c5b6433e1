import { hold, holdAnswer } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { AuthenticationError, isReauthError } from '../src/errors.ts'
import { createSession } from '../src/session.ts'
import type { TokenSet } from '../src/token-set.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

describe('a session on any engine', () => {
  it('refreshes once for everybody', async () => {
    const { acquire, refuse, signIn, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(300_000)
    const all = await Promise.all([acquire(), refuse(credential), acquire({ minValidityMs: 60_000 })])
    expect(new Set(all).size).toBe(1)
    expect(issuer.check(all[0]?.accessToken ?? '')).toBe('ok')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('lets a sign-out win over the answer in flight', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(holdAnswer())
    const waiting = failureOf(acquire())
    await gate.arrived
    const { signal } = session
    void session.signOut()
    gate.release()
    const error = await waiting
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(isReauthError(error) && error.toJSON()).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    expect(signal.reason).toBe(error)
  })

  it('ends the wait of one caller with the reason of its signal', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const giveUp = new AbortController()
    const mine = failureOf(acquire({ signal: giveUp.signal }))
    const theirs = acquire()
    giveUp.abort()
    expect(await mine).toBe(giveUp.signal.reason)
    gate.release()
    expect(await theirs).toMatchObject({ version: 2 })
  })

  it('reads the identity in an ID token', async () => {
    const { signIn } = createStage()
    expect(await signIn('åse')).toMatchObject({
      identity: expect.stringMatching(/^https:\/\/issuer\.test#.+/) as string,
    })
  })

  it('finds its clock and its timers by itself', async () => {
    const refresh = async (): Promise<TokenSet> => ({ accessToken: 'B', refreshToken: 'R2', expiresInMs: 60_000 })
    await using session = createSession({ refresh })
    await session.signIn({ accessToken: 'A', refreshToken: 'R', expiresAt: Date.now() - 1 })
    const { accessToken, expiresAt = 0 } = await session.acquire()
    expect(accessToken).toBe('B')
    expect(expiresAt).toBeGreaterThan(Date.now())
  })

  it("trusts the page's own origin, where there is a page, and no other", () => {
    const { origins } = createSession({ refresh: async () => ({ accessToken: 'B' }) })
    const page = (globalThis as { location?: Location }).location
    if (page !== undefined) expect(origins(new URL('/api', page.href))).toBe(true)
    expect(origins('https://evil.test/')).toBe(false)
    expect(origins('http://localhost:1/')).toBe(false)
  })
})
