import { createClock, createIssuer, type Echo } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const create = () => {
  const clock = createClock()
  const issuer = createIssuer({ clock })
  const { accessToken = '' } = issuer.signIn().tokens
  const get = (path: string, token = accessToken) =>
    issuer.fetch(issuer.url(path), { headers: { authorization: `Bearer ${token}` } })
  return { clock, issuer, accessToken, get }
}

describe('the protected resource', () => {
  it('tells whose token it was given', async () => {
    const { get } = create()
    expect(await (await get('/api/item')).json()).toEqual({ identity: 'alice', path: '/api/item' })
  })

  it('challenges without an error code who sends no credential', async () => {
    const { issuer } = create()
    for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
      const response = await issuer.fetch(issuer.url('/api/item'), { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="testkit"')
    }
  })

  it('refuses a token that is expired, revoked or unknown, and says which', async () => {
    const { get, issuer, clock, accessToken } = create()
    const challenge = async (token?: string) => (await get('/api/item', token)).headers.get('www-authenticate')
    expect(await challenge('made-up')).toContain(
      'error="invalid_token", error_description="The access token is unknown"',
    )
    clock.jump(300_000)
    expect(await challenge()).toContain('is expired')
    issuer.revokeAccessToken(accessToken)
    expect(await challenge()).toContain('is revoked')
  })

  it('denies at /denied and refuses at /refused, but first looks at the token', async () => {
    const { get, issuer } = create()
    const denied = await get('/api/denied')
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer realm="testkit", error="insufficient_scope", scope="admin"',
    ])
    expect((await get('/api/refused')).status).toBe(401)
    expect((await get('/api/denied', 'made-up')).status).toBe(401)
    await get('/api/item')
    expect(issuer.apiRequests).toEqual({ total: 4, ok: 1, refused: 2, denied: 1 })
  })

  it('echoes what it was sent, byte for byte', async () => {
    const { issuer, accessToken } = create()
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
    const response = await issuer.fetch(issuer.url('/api/echo?q=1'), {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}`, 'x-mine': 'yes' },
      body: bytes,
    })
    const echo = (await response.json()) as Echo
    expect(echo).toMatchObject({ method: 'PUT', url: 'https://issuer.test/api/echo?q=1', headers: { 'x-mine': 'yes' } })
    expect(Uint8Array.from(atob(echo.body), (char) => char.codePointAt(0) ?? 0)).toEqual(bytes)
    expect(issuer.exchanges.at(-1)?.body).toEqual(bytes)
  })

  it('answers for any URL through api()', async () => {
    const { issuer, accessToken } = create()
    const headers = { authorization: `Bearer ${accessToken}` }
    const response = await issuer.api(new Request('https://api.test/v1/item', { headers }))
    expect(await response.json()).toMatchObject({ path: '/v1/item' })
    expect(issuer.apiRequests.ok).toBe(1)
    expect(issuer.leaks).toEqual([])
  })

  it('is not to be found elsewhere, nor at other origins, where it notes a token that comes by', async () => {
    const { get, issuer, accessToken } = create()
    expect((await get('/else')).status).toBe(404)
    const foreign = await issuer.fetch('https://elsewhere.test/a')
    expect([foreign.status, foreign.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="testkit"'])
    expect(issuer.leaks).toEqual([])
    await issuer.fetch('https://elsewhere.test/b', { headers: { 'x-token': accessToken } })
    await issuer.fetch('https://elsewhere.test/c', { method: 'POST', body: `{"t":"${accessToken}"}` })
    await issuer.fetch(issuer.url(`/api/d?access_token=${accessToken}`))
    await issuer.fetch(`https://elsewhere.test/${accessToken}`)
    expect(issuer.leaks).toEqual([
      'A token went to GET https://elsewhere.test/b',
      'A token went to POST https://elsewhere.test/c',
      'A token stood in the URL of GET https://issuer.test/api/d',
      'A token stood in the URL of GET https://elsewhere.test',
    ])
    expect(issuer.isTokenIn(issuer.leaks.join())).toBe(false)
  })
})
