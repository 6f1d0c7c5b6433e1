import { createIssuer } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const form = (parameters: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(parameters),
})
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

describe('the token endpoint', () => {
  it('takes a form at /token, and forbids caches to keep the answer', async () => {
    const issuer = createIssuer()
    const { refresh_token = '' } = issuer.signIn().response
    const response = await issuer.fetch(issuer.url('/token'), form({ grant_type: 'refresh_token', refresh_token }))
    expect(response.status).toBe(200)
    expect(response.url).toBe('https://issuer.test/token')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('takes JSON at /refresh, and says no with a 401 as a broker does', async () => {
    const issuer = createIssuer()
    const { refresh_token } = issuer.signIn().response
    const send = () => issuer.fetch(issuer.url('/refresh'), json({ refresh_token }))
    expect(await (await send()).json()).toMatchObject({ access_token: expect.any(String) })
    const again = await send()
    expect(again.status).toBe(401)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant' })
  })

  it('is strict about method, content type, grant type and parameters, and spends nothing on a bad request', async () => {
    const issuer = createIssuer()
    const { refresh_token = '' } = issuer.signIn().response
    const good = `grant_type=refresh_token&refresh_token=${refresh_token}`
    const bad: [RequestInit, number, string][] = [
      [{ method: 'PUT', body: new URLSearchParams(good) }, 405, 'invalid_request'],
      [{ method: 'POST', body: good }, 400, 'invalid_request'],
      [json({ refresh_token }), 400, 'invalid_request'],
      [form({ grant_type: 'password', refresh_token }), 400, 'unsupported_grant_type'],
      [form({ grant_type: 'refresh_token' }), 400, 'invalid_request'],
      [{ method: 'POST', body: new URLSearchParams(`${good}&refresh_token=2`) }, 400, 'invalid_request'],
    ]
    for (const [init, status, error] of bad) {
      const response = await issuer.fetch(issuer.url('/token'), init)
      expect([response.status, await response.json()]).toMatchObject([status, { error }])
    }
    expect((await issuer.fetch(issuer.url('/refresh'), { ...json(null), body: '{' })).status).toBe(400)
    expect(issuer.refreshes).toBe(0)
    expect((await issuer.fetch(issuer.url('/token'), form({ grant_type: 'refresh_token', refresh_token }))).ok).toBe(
      true,
    )
  })
})
