import {
  createClock,
  createIssuer,
  delay,
  delayAnswer,
  deny,
  dropAnswer,
  dropRequest,
  editAnswer,
  type Fault,
  hang,
  hangAnswer,
  hold,
  holdAnswer,
  html,
  inOrder,
  malformedJson,
  refuse,
  settle,
  status,
} from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

const create = (...faults: Fault[]) => {
  const clock = createClock()
  const issuer = createIssuer({ clock })
  const { refreshToken = '' } = issuer.signIn().tokens
  const send = (signal?: AbortSignal) => {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    return issuer.fetch(issuer.url('/token'), { method: 'POST', body, ...(signal && { signal }) })
  }
  for (const fault of faults) issuer.faults.next(fault)
  return { clock, issuer, send }
}

describe('faults', () => {
  it('dropRequest fails as the network does, with nothing processed', async () => {
    const { issuer, send } = create(dropRequest())
    await expect(send()).rejects.toThrow(TypeError)
    expect([issuer.tokenPosts, issuer.refreshes, issuer.exchanges[0]?.answer]).toEqual([1, 0, 'lost'])
    expect((await send()).status).toBe(200)
  })

  it('dropAnswer fails as the network does, with everything processed', async () => {
    const { issuer, send } = create(dropAnswer())
    await expect(send()).rejects.toThrow(TypeError)
    expect([issuer.refreshes, issuer.exchanges[0]?.answer]).toEqual([1, 'lost'])
    expect((await send()).status).toBe(400)
    expect(issuer.reuseDetected).toBe(1)
  })

  it('status answers in the place of the server, with Retry-After in seconds or as an HTTP-date', async () => {
    const date = new Date(Date.UTC(2030, 0, 1, 0, 0, 30))
    const { issuer, send } = create(
      status(503, { retryAfter: '30' }),
      status(429, { retryAfter: 5 }),
      status(503, { retryAfter: date }),
    )
    const answers = [await send(), await send(), await send()]
    expect(answers.map((answer) => [answer.status, answer.headers.get('retry-after')])).toEqual([
      [503, '30'],
      [429, '5'],
      [503, 'Tue, 01 Jan 2030 00:00:30 GMT'],
    ])
    expect(issuer.refreshes).toBe(0)
  })

  it('status takes a body as text or as JSON', async () => {
    const { send } = create(status(401, { body: { error: 'invalid_client' } }), status(500, { body: 'Oops' }))
    expect(await (await send()).json()).toEqual({ error: 'invalid_client' })
    expect(await (await send()).text()).toBe('Oops')
  })

  it('html and malformedJson answer what is no JSON', async () => {
    const { issuer, send } = create(html(), html(502), malformedJson())
    const [portal, proxy, broken] = [await send(), await send(), await send()]
    expect([portal.status, portal.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await portal.text()).toContain('<!doctype html>')
    expect(proxy.status).toBe(502)
    await expect(broken.json()).rejects.toThrow(SyntaxError)
    expect(issuer.refreshes).toBe(0)
  })

  it('editAnswer changes what the issuer said', async () => {
    const { issuer, send } = create(
      editAnswer(({ expires_in: seconds, ...rest }) => ({ ...rest, expires_in: String(seconds) })),
    )
    expect(await (await send()).json()).toMatchObject({ expires_in: '300' })
    expect(issuer.refreshes).toBe(1)
  })

  it('refuse and deny answer for the protected resource with their challenges', async () => {
    const { issuer } = create()
    issuer.apiFaults.next(refuse())
    issuer.apiFaults.next(deny())
    const headers = { authorization: `Bearer ${issuer.signIn().response.access_token}` }
    const refused = await issuer.fetch(issuer.url('/api/item'), { headers })
    const denied = await issuer.fetch(issuer.url('/api/item'), { headers })
    expect(refused.headers.get('www-authenticate')).toContain('invalid_token')
    expect(denied.headers.get('www-authenticate')).toContain('insufficient_scope')
    expect(issuer.apiRequests).toEqual({ total: 2, ok: 0, refused: 1, denied: 1 })
  })

  it('hold keeps the request from being processed until it is released', async () => {
    const gate = hold()
    const { issuer, send } = create(gate)
    const sending = send()
    expect((await gate.arrived).kind).toBe('token')
    expect([issuer.tokenPosts, issuer.refreshes, issuer.exchanges[0]?.answer]).toEqual([1, 0, 'pending'])
    gate.release()
    expect((await sending).status).toBe(200)
  })

  it('holdAnswer processes at once and keeps the answer', async () => {
    const gate = holdAnswer()
    const { issuer, send } = create(gate)
    const sending = send()
    await gate.arrived
    expect([issuer.refreshes, issuer.exchanges[0]?.answer]).toEqual([1, 'pending'])
    gate.release()
    expect((await sending).status).toBe(200)
  })

  it('a gate tells when several have come, and lets all of them go, later ones at once', async () => {
    const { issuer } = create()
    const gate = issuer.apiFaults.next(hold(), 3)
    const get = () => issuer.fetch(issuer.url('/api/item'))
    const sending = [get(), get()]
    await gate.reached(2)
    await gate.reached(1)
    expect(issuer.apiRequests).toMatchObject({ total: 2, refused: 0 })
    gate.release()
    await Promise.all([...sending, get()])
    expect(issuer.apiRequests.refused).toBe(3)
  })

  it('a sender who gives up gets the reason of the signal, whatever holds the request', async () => {
    const reason = new Error('Changed my mind')
    const each = [hold(), holdAnswer(), hang(), hangAnswer(), delay(1000), delayAnswer(1000)]
    const processed = [0, 1, 0, 1, 0, 1]
    for (const [index, fault] of each.entries()) {
      const { issuer, send, clock } = create(fault)
      const giveUp = new AbortController()
      const sending = send(giveUp.signal)
      await settle()
      giveUp.abort(reason)
      await expect(sending).rejects.toBe(reason)
      expect([issuer.exchanges[0]?.answer, issuer.refreshes]).toEqual(['aborted', processed[index]])
      expect(clock.pending).toBe(0)
    }
  })

  it('a sender who gives up before a fault of several has its turn starts no timer and passes no gate', async () => {
    const gate = hold()
    for (const later of [delay(1000), gate]) {
      const giveUp = new AbortController()
      const giveUpFirst: Fault = ({ proceed }) => {
        giveUp.abort()
        return proceed()
      }
      const { issuer, send, clock } = create(inOrder(giveUpFirst, later))
      await expect(send(giveUp.signal)).rejects.toThrow(/abort/i)
      gate.release()
      await settle()
      expect([issuer.refreshes, clock.pending]).toEqual([0, 0])
    }
  })

  it('a request that was held and taken back is never processed, even when it is released', async () => {
    const gate = hold()
    const { issuer, send } = create(gate)
    const giveUp = new AbortController()
    const sending = send(giveUp.signal)
    await gate.arrived
    giveUp.abort()
    await expect(sending).rejects.toThrow(/abort/i)
    gate.release()
    await settle()
    expect(issuer.refreshes).toBe(0)
  })

  it('a signal that is aborted before keeps the request from being sent', async () => {
    const { issuer, send } = create()
    const reason = new Error('Never mind')
    await expect(send(AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(issuer.tokenPosts).toBe(0)
  })

  it('delay and delayAnswer go by the clock of the issuer', async () => {
    const { issuer, send, clock } = create(delay(1000), delayAnswer(1000))
    const first = send()
    await clock.advance(999)
    expect(issuer.refreshes).toBe(0)
    await clock.advance(1)
    expect((await first).status).toBe(200)
    const { refreshToken = '' } = issuer.signIn().tokens
    const second = issuer.fetch(issuer.url('/refresh'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: refreshToken }),
    })
    await clock.advance(999)
    expect([issuer.refreshes, issuer.exchanges.at(-1)?.answer]).toEqual([2, 'pending'])
    await clock.advance(1)
    expect((await second).status).toBe(200)
  })

  it('inOrder puts one behind the other', async () => {
    const gate = hold()
    const { issuer, send } = create(inOrder(gate, dropAnswer()), inOrder())
    const sending = send()
    await gate.arrived
    expect(issuer.refreshes).toBe(0)
    gate.release()
    await expect(sending).rejects.toThrow(TypeError)
    expect(issuer.refreshes).toBe(1)
    expect((await send()).status).toBe(400)
  })

  it('a function of ours is a fault, too', async () => {
    const { send } = create(async ({ exchange, proceed }) => {
      const answer = await proceed()
      return new Response(`${exchange.ordinal}: ${answer.status}`)
    })
    expect(await (await send()).text()).toBe('1: 200')
  })
})
