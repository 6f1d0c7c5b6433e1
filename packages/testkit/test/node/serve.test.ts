import { createIssuer, dropAnswer, hold } from '@reauth/testkit'
import { createCookieJar, serve } from '@reauth/testkit/node'
import { describe, expect, it } from 'vitest'

describe('serve', () => {
  it('puts the issuer behind HTTP, bodies and headers as they were', async () => {
    const issuer = createIssuer()
    await using server = await serve(issuer)
    const { access_token: token } = issuer.signIn().response
    const response = await fetch(`${server.origin}/api/echo?q=1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new Uint8Array([0, 255, 10]),
    })
    expect(await response.json()).toMatchObject({ url: 'https://issuer.test/api/echo?q=1', body: 'AP8K' })
    const refused = await fetch(`${server.origin}/api/echo`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="testkit"'])
  })

  it('cuts the connection where the network fails', async () => {
    const issuer = createIssuer()
    await using server = await serve(issuer)
    issuer.apiFaults.next(dropAnswer())
    await expect(fetch(`${server.origin}/api/item`)).rejects.toThrow(TypeError)
  })

  it('takes a request back when its client hangs up', async () => {
    const issuer = createIssuer()
    await using server = await serve(issuer)
    const gate = issuer.apiFaults.next(hold())
    const giveUp = new AbortController()
    const sending = fetch(`${server.origin}/api/item`, { signal: giveUp.signal })
    await gate.arrived
    giveUp.abort()
    await expect(sending).rejects.toThrow(/abort/i)
    await expect.poll(() => issuer.exchanges[0]?.answer).toBe('aborted')
  })

  it('is a stranger under another name', async () => {
    const issuer = createIssuer()
    await using server = await serve(issuer, { as: 'https://elsewhere.test' })
    const { access_token: token } = issuer.signIn().response
    await fetch(`${server.origin}/api/item`, { headers: { authorization: `Bearer ${token}` } })
    expect(issuer.leaks).toEqual(['A token went to GET https://elsewhere.test/api/item'])
  })

  it('lets pages of other origins in', async () => {
    await using server = await serve(createIssuer())
    const preflight = await fetch(`${server.origin}/api/item`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    expect(preflight.headers.get('access-control-allow-methods')).toBe('PUT')
  })

  it('refreshes by cookies, with no token in what a script can read', async () => {
    const issuer = createIssuer()
    await using server = await serve(issuer)
    const jar = createCookieJar(fetch, { origin: server.origin })
    await jar.fetch(`${server.origin}/cookie/sign-in?identity=bob`)
    const before = jar.cookies(server.origin).get('access_token')
    const refreshed = await jar.fetch(`${server.origin}/cookie/refresh`, { method: 'POST' })
    expect(issuer.isTokenIn(await refreshed.text())).toBe(false)
    expect(jar.cookies(server.origin).get('access_token')).not.toBe(before)
    const item = await jar.fetch(`${server.origin}/api/item`)
    expect(await item.json()).toMatchObject({ identity: 'bob' })
    expect([issuer.refreshes, issuer.misuse]).toEqual([1, []])
  })
})
