import { createHarness, deferred, dropAnswer, type Harness, hold, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const redeem = (issuer: Harness['issuer'], refreshToken = '') =>
  issuer.fetch(issuer.url('/token'), {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  })

describe('createHarness', () => {
  it('finds everything in order where nothing is left', async () => {
    const { issuer, clock, track, verify } = createHarness()
    await track(redeem(issuer, issuer.signIn().tokens.refreshToken))
    await track(Promise.reject(new Error('A rejection settles, too'))).catch(() => {})
    await clock.advance(1000)
    await expect(verify()).resolves.toBeUndefined()
  })

  it('has an issuer that goes by its clock', () => {
    const { issuer, clock } = createHarness({ accessTokenLifetimeMs: 1000 })
    const { accessToken = '' } = issuer.signIn().tokens
    clock.jump(1000)
    expect(issuer.check(accessToken)).toBe('expired')
  })

  it('finds a live timer, a pending promise and a request without its answer', async () => {
    const { issuer, clock, track, verify } = createHarness()
    clock.setTimeout(() => {}, 1)
    void track(deferred().promise, 'A wait')
    issuer.faults.next(hold())
    void redeem(issuer)
    await expect(verify()).rejects.toThrow(/1 timers are live\n- A wait is pending\n- A token request is pending$/)
  })

  it('finds faults that never struck', async () => {
    const { issuer, verify } = createHarness()
    issuer.faults.next(status(503))
    issuer.apiFaults.at(2, status(503))
    await expect(verify()).rejects.toThrow(
      /1 faults planned for the token endpoint.*\n.*1 faults planned for the protected/,
    )
  })

  it('finds a token that went elsewhere', async () => {
    const { issuer, verify } = createHarness()
    await issuer.fetch('https://elsewhere.test/', { headers: { 'x-token': issuer.signIn().response.access_token } })
    await expect(verify()).rejects.toThrow('A token went to GET https://elsewhere.test/')
  })

  it('finds a refresh token that was presented after its answer, and the reuse that the issuer detected', async () => {
    const { issuer, verify } = createHarness()
    const { refreshToken } = issuer.signIn().tokens
    await redeem(issuer, refreshToken)
    await redeem(issuer, refreshToken)
    await expect(verify()).rejects.toThrow(
      /no. 1 was presented after the answer.*\n.*1 times the issuer detected reuse/,
    )
  })

  it('finds what a grace lets pass: the same refresh token twice at once', async () => {
    const { issuer, verify } = createHarness({ graceMs: 60_000 })
    const { refreshToken } = issuer.signIn().tokens
    await Promise.all([redeem(issuer, refreshToken), redeem(issuer, refreshToken)])
    expect(issuer.reuseDetected).toBe(0)
    await expect(verify()).rejects.toThrow('while an earlier request with it was unanswered')
  })

  it('finds a refresh token that was presented again after its rejection', async () => {
    const { issuer, verify } = createHarness()
    const { refreshToken } = issuer.signIn().tokens
    issuer.revokeRefreshToken(refreshToken)
    await redeem(issuer, refreshToken)
    await redeem(issuer, refreshToken)
    await expect(verify()).rejects.toThrow('again after it was rejected')
  })

  it('takes no offence at a second attempt after an answer that was lost or no verdict', async () => {
    const { issuer, verify } = createHarness({ graceMs: 60_000 })
    const { refreshToken } = issuer.signIn().tokens
    issuer.faults.next(status(503))
    issuer.faults.next(dropAnswer())
    await redeem(issuer, refreshToken)
    await redeem(issuer, refreshToken).catch(() => {})
    await redeem(issuer, refreshToken)
    expect(issuer.graced).toBe(1)
    await expect(verify()).resolves.toBeUndefined()
  })
})
