import { createIssuer, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const create = () => {
  const issuer = createIssuer()
  const get = async (path = '/api/item') => (await issuer.fetch(issuer.url(path))).status
  return { plan: issuer.apiFaults, issuer, get }
}

describe('a fault plan', () => {
  it('strikes the next request, or the next few, in the order of the calls', async () => {
    const { plan, get } = create()
    plan.next(status(501))
    plan.next(status(502), 2)
    expect([await get(), await get(), await get(), await get()]).toEqual([501, 502, 502, 401])
  })

  it('strikes by number, before what is next', async () => {
    const { plan, get } = create()
    plan.at(2, status(502))
    plan.next(status(501), 2)
    expect([await get(), await get(), await get(), await get()]).toEqual([501, 502, 501, 401])
  })

  it('strikes whatever fits until it is told to stop', async () => {
    const { plan, get } = create()
    const stop = plan.when(({ url }) => url.endsWith('/b'), status(503))
    expect([await get('/api/a'), await get('/api/b'), await get('/api/b')]).toEqual([401, 503, 503])
    stop()
    expect(await get('/api/b')).toBe(401)
  })

  it('forgets everything when it is cleared', async () => {
    const { plan, get } = create()
    plan.next(status(501))
    plan.at(1, status(502))
    plan.when(() => true, status(503))
    plan.clear()
    expect(await get()).toBe(401)
  })

  it('counts what has not struck', async () => {
    const { plan, get } = create()
    plan.next(status(501), 2)
    plan.at(2, status(502))
    plan.at(7, status(502))
    expect([await get(), await get()]).toEqual([501, 502])
    expect(plan.unused).toBe(2)
  })

  it('is one for the token endpoint and another for the protected resource', async () => {
    const { issuer, get } = create()
    issuer.faults.next(status(503))
    expect(await get()).toBe(401)
    expect((await issuer.fetch(issuer.url('/token'), { method: 'POST' })).status).toBe(503)
  })
})
