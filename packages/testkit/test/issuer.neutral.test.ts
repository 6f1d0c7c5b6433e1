import { createClock, createIssuer, type IssuerOptions, type TokenResponse } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const create = (options: Omit<IssuerOptions, 'clock'> = {}) => {
  const clock = createClock()
  const issuer = createIssuer({ ...options, clock })
  const redeem = async (refreshToken: string | undefined) => {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '' })
    const response = await issuer.fetch(issuer.url('/token'), { method: 'POST', body })
    return { status: response.status, json: (await response.json()) as TokenResponse & { error?: string } }
  }
  return { clock, issuer, redeem }
}

describe('createIssuer', () => {
  it('signs in with an answer as on the wire, and the same as a token set', () => {
    const { issuer } = create({ accessTokenLifetimeMs: 20_000 })
    const { response, tokens } = issuer.signIn({ identity: 'alice' })
    expect(response).toMatchObject({ token_type: 'Bearer', expires_in: 20 })
    expect(tokens).toMatchObject({ accessToken: response.access_token, expiresInMs: 20_000 })
    expect(issuer.check(response.access_token)).toBe('ok')
  })

  it('rotates: each refresh gives another pair, and the new one works', async () => {
    const { issuer, redeem } = create()
    const { response } = issuer.signIn()
    const first = await redeem(response.refresh_token)
    const second = await redeem(first.json.refresh_token)
    const given = [response, first.json, second.json]
    expect(new Set(given.flatMap((each) => [each.access_token, each.refresh_token])).size).toBe(6)
    expect([issuer.tokenPosts, issuer.refreshes, issuer.reuseDetected]).toEqual([2, 2, 0])
  })

  it('revokes every token of the family when a spent one comes back, and of no other', async () => {
    const { issuer, redeem } = create()
    const { response } = issuer.signIn()
    const other = issuer.signIn().response
    const { json } = await redeem(response.refresh_token)
    expect(await redeem(response.refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    expect([response, json, other].map((each) => issuer.check(each.access_token))).toEqual(['revoked', 'revoked', 'ok'])
    expect((await redeem(json.refresh_token)).status).toBe(400)
    expect((await redeem(other.refresh_token)).status).toBe(200)
    expect([issuer.reuseDetected, issuer.familyRevoked, issuer.rejected]).toEqual([1, 1, 1])
  })

  it('gives the same successor again within the grace, and revokes after it', async () => {
    const { issuer, redeem, clock } = create({ graceMs: 1000 })
    const { response } = issuer.signIn()
    const first = await redeem(response.refresh_token)
    clock.jump(999)
    const again = await redeem(response.refresh_token)
    expect(again.json.refresh_token).toBe(first.json.refresh_token)
    expect(again.json.access_token).toBe(first.json.access_token)
    expect([issuer.refreshes, issuer.graced, issuer.reuseDetected]).toEqual([1, 1, 0])
    clock.jump(1)
    expect((await redeem(response.refresh_token)).status).toBe(400)
    expect([issuer.reuseDetected, issuer.familyRevoked]).toEqual([1, 1])
  })

  it('has no grace for a token whose successor was used', async () => {
    const { issuer, redeem } = create({ graceMs: 60_000 })
    const { response } = issuer.signIn()
    const first = await redeem(response.refresh_token)
    await redeem(first.json.refresh_token)
    expect((await redeem(response.refresh_token)).status).toBe(400)
    expect(issuer.reuseDetected).toBe(1)
  })

  it('has no grace in a family that is revoked, nor for a successor that is, and counts a family once', async () => {
    const { issuer, redeem } = create({ graceMs: 60_000 })
    const [one, two] = [issuer.signIn().response, issuer.signIn().response]
    await redeem(one.refresh_token)
    issuer.revokeFamily(one.refresh_token)
    expect((await redeem(one.refresh_token)).json.error).toBe('invalid_grant')
    const { json } = await redeem(two.refresh_token)
    issuer.revokeRefreshToken(json.refresh_token)
    expect((await redeem(two.refresh_token)).json.error).toBe('invalid_grant')
    await redeem(two.refresh_token)
    expect([issuer.graced, issuer.reuseDetected, issuer.familyRevoked]).toEqual([0, 3, 1])
  })

  it('gives a successor of which the access token has lapsed a lifetime of 0', async () => {
    const { issuer, redeem, clock } = create({ graceMs: 60_000, accessTokenLifetimeMs: 1000 })
    const { response } = issuer.signIn()
    await redeem(response.refresh_token)
    clock.jump(5000)
    expect((await redeem(response.refresh_token)).json.expires_in).toBe(0)
  })

  it('keeps one refresh token without rotation', async () => {
    const { issuer, redeem } = create({ rotate: false })
    const { response } = issuer.signIn()
    const { json } = await redeem(response.refresh_token)
    expect(json.refresh_token).toBe(response.refresh_token)
    expect((await redeem(response.refresh_token)).status).toBe(200)
    expect(issuer.misuse).toEqual([])
  })

  it('leaves out of its answers what it was told to', async () => {
    const { issuer, redeem } = create({ omitRefreshToken: true, expiresIn: false, idToken: false })
    const { response } = issuer.signIn()
    expect(Object.keys(response)).toEqual(['access_token', 'token_type', 'refresh_token'])
    const { json } = await redeem(response.refresh_token)
    expect(Object.keys(json)).toEqual(['access_token', 'token_type'])
    expect((await redeem(response.refresh_token)).status).toBe(200)
  })

  it('tells whose the tokens are in an unsigned ID token', () => {
    const { response } = create().issuer.signIn({ identity: 'bob' })
    const [header, payload, signature] = (response.id_token ?? '').split('.')
    expect(JSON.parse(atob(header ?? ''))).toMatchObject({ alg: 'none' })
    expect(JSON.parse(atob(payload ?? ''))).toMatchObject({ iss: 'https://issuer.test', sub: 'bob' })
    expect(signature).toBe('')
  })

  it('tells what an access token is worth', async () => {
    const { issuer, clock } = create({ accessTokenLifetimeMs: 1000 })
    const { response, tokens } = issuer.signIn()
    expect(issuer.check(response.access_token)).toBe('ok')
    clock.jump(1000)
    expect(issuer.check(response.access_token)).toBe('expired')
    issuer.revokeAccessToken(tokens.accessToken)
    expect(issuer.check(response.access_token)).toBe('revoked')
    expect(issuer.check('made up')).toBe('unknown')
  })

  it('revokes a refresh token and leaves the access token alone, or the family and with it both', async () => {
    const { issuer, redeem } = create()
    const first = issuer.signIn()
    issuer.revokeRefreshToken(first.tokens.refreshToken)
    expect((await redeem(first.tokens.refreshToken)).json.error).toBe('invalid_grant')
    expect(issuer.check(first.response.access_token)).toBe('ok')
    const second = issuer.signIn()
    issuer.revokeFamily(second.tokens.refreshToken)
    expect(issuer.check(second.response.access_token)).toBe('revoked')
    expect((await redeem(second.tokens.refreshToken)).json.error).toBe('invalid_grant')
    expect([issuer.rejected, issuer.reuseDetected, issuer.familyRevoked]).toEqual([2, 0, 0])
  })

  it('never gives a token that another issuer gives, and knows its own in a text', () => {
    const [one, two] = [createIssuer(), createIssuer({ origin: 'https://two.test' })]
    const { accessToken = '' } = one.signIn().tokens
    expect(two.signIn().tokens.accessToken).not.toBe(accessToken)
    expect(one.isTokenIn(`https://api.test/?token=${encodeURIComponent(accessToken)}&x`)).toBe(true)
    expect(two.isTokenIn(accessToken)).toBe(false)
    expect(one.isTokenIn('access_9_of_issuer-test_')).toBe(false)
  })

  it('says so when it is used wrongly', () => {
    const { issuer } = create()
    expect(() => {
      issuer.revokeAccessToken(undefined)
    }).toThrow(TypeError)
    expect(() => createIssuer({ origin: 'https://issuer.test/path' })).toThrow('leave the path out')
  })
})
