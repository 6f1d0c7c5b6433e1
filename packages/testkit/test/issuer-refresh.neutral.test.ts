import { RefreshError } from '@reauth/core'
import {
  createClock,
  createIssuer,
  dropAnswer,
  dropRequest,
  editAnswer,
  type Fault,
  hang,
  html,
  malformedJson,
  settle,
  status,
} from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const create = () => {
  const clock = createClock()
  const issuer = createIssuer({ clock })
  const { tokens } = issuer.signIn()
  const refresh = (signal = new AbortController().signal) => issuer.refresh({ tokens, reason: 'asked', signal })
  return { clock, issuer, tokens, refresh }
}

describe('issuer.refresh', () => {
  it('gives the new token set', async () => {
    const { issuer, refresh, tokens } = create()
    const next = await refresh()
    expect(next).toMatchObject({ expiresInMs: 300_000 })
    expect(next.refreshToken).not.toBe(tokens.refreshToken)
    expect(issuer.check(next.accessToken ?? '')).toBe('ok')
  })

  const failures: [string, Fault, object][] = [
    ['lost when the request is dropped', dropRequest(), { reason: 'lost', sent: true }],
    ['lost when the answer is dropped', dropAnswer(), { reason: 'lost', sent: true }],
    ['unavailable for 503', status(503, { retryAfter: '30' }), { reason: 'unavailable', retryAfterMs: 30_000 }],
    ['unavailable for 429 in JSON', status(429, { body: { error: 'slow_down' } }), { reason: 'unavailable' }],
    ['unavailable for a captive portal', html(), { reason: 'unavailable' }],
    ['unavailable for a broken proxy', html(502), { reason: 'unavailable' }],
    ['unavailable for JSON that breaks off', malformedJson(), { reason: 'unavailable' }],
    ['rejected for invalid_grant', status(400, { body: { error: 'invalid_grant' } }), { reason: 'rejected' }],
    [
      'misconfigured for invalid_client',
      status(401, { body: { error: 'invalid_client' } }),
      { reason: 'misconfigured' },
    ],
    [
      'misconfigured without an access token',
      editAnswer(() => ({ token_type: 'Bearer' })),
      { reason: 'misconfigured' },
    ],
    ['misconfigured for null', editAnswer(() => null), { reason: 'misconfigured' }],
  ]
  for (const [title, fault, expected] of failures) {
    it(`is ${title}`, async () => {
      const { issuer, refresh } = create()
      issuer.faults.next(fault)
      const error = await refresh().catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(RefreshError)
      expect(error).toMatchObject(expected)
      expect(issuer.isTokenIn(`${String(error)} ${JSON.stringify(error)}`)).toBe(false)
    })
  }

  it('reads an HTTP-date by the clock of the issuer', async () => {
    const { issuer, refresh, clock } = create()
    issuer.faults.next(status(503, { retryAfter: new Date(clock.now() + 90_000) }))
    await expect(refresh()).rejects.toMatchObject({ retryAfterMs: 90_000 })
    issuer.faults.next(status(503, { retryAfter: 'soon' }))
    await expect(refresh()).rejects.toMatchObject({ retryAfterMs: undefined })
  })

  it('is rejected without a refresh token, and sends nothing', async () => {
    const { issuer, tokens } = create()
    const { signal } = new AbortController()
    const bare = issuer.refresh({ tokens: { accessToken: tokens.accessToken ?? '' }, reason: 'stale', signal })
    await expect(bare).rejects.toMatchObject({ reason: 'rejected', sent: false })
    expect(issuer.tokenPosts).toBe(0)
  })

  it('ends with the reason of the signal', async () => {
    const { issuer, refresh } = create()
    issuer.faults.next(hang())
    const cap = new AbortController()
    const refreshing = refresh(cap.signal)
    await settle()
    cap.abort('the cap')
    await expect(refreshing).rejects.toBe('the cap')
  })
})
