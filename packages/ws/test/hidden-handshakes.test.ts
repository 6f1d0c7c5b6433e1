import type { Session } from '@reauth/core'
import { describe, expect } from 'vitest'

import { createWebSocket, type WebSocketOptions } from '../src/create-web-socket.ts'
import { firstMessage, subprotocol } from '../src/placement.ts'
import { type Heard, listenTo, next } from './support/heard.ts'
import { listenHttp } from './support/listen-http.ts'
import { it, type World } from './support/world.ts'

const quick = { placement: subprotocol(), protocols: 'feed', backoff: { minMs: 5, maxMs: 20 } }

/** Connects with the WebSocket of the platform, which tells nothing of a handshake that failed. */
function connect({ server, closing }: World, session: Session, options: Partial<WebSocketOptions> = {}): Heard {
  return listenTo(closing(createWebSocket(session, server.url, { ...quick, ...options })))
}

describe('a handshake that fails for no reason that is told', () => {
  it('costs one refresh at the second failure in a row, and is back where that helps', async ({ world }) => {
    const { server, issuer, open } = world
    // Not 401, which undici would answer by asking again.
    server.admit = ({ token }) => (issuer.check(token ?? '') === 'ok' ? undefined : { status: 400 })
    const session = open()
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    const heard = connect(world, session)
    await expect.poll(() => heard.types).toContain('open')
    expect([server.dials.length, issuer.refreshes]).toEqual([3, 1])
    expect(heard.losses.map(({ reason }) => reason)).toEqual(['lost', 'refused'])
  })

  it('costs no second refresh, however often it fails', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => ({ status: 401 })
    const heard = connect(world, open())
    await expect.poll(() => server.dials.length).toBeGreaterThan(12)
    expect(issuer.refreshes).toBe(1)
    expect(heard.closes).toEqual([])
  })

  it('may cost another once a connection has worked', async ({ world }) => {
    const { server, issuer, open } = world
    const session = open()
    server.admit = world.byToken
    server.serve = (socket) => {
      socket.send('hello')
    }
    const heard = connect(world, session)
    for (let turn = 1; turn <= 2; turn++) {
      await expect.poll(() => heard.messages.length).toBe(turn)
      issuer.revokeAccessToken((await session.tokens())?.accessToken)
      for (const client of server.sockets) client.terminate()
      await expect.poll(() => issuer.refreshes).toBe(turn)
    }
    await expect.poll(() => heard.messages.length).toBe(3)
  })

  it.for([
    { status: 401, refreshes: 1, ending: undefined },
    { status: 403, refreshes: 0, ending: 4403 },
    { status: 200, refreshes: 0, ending: undefined },
    { status: 503, refreshes: 0, ending: undefined },
  ])(
    'is asked about where there is a probe, which answers $status',
    async ({ status, refreshes, ending }, { world }) => {
      const { server, issuer, open } = world
      const probes: (string | undefined)[] = []
      await using http = await listenHttp(({ headers }, response) => {
        probes.push(headers.authorization)
        response.writeHead(status).end()
      })
      server.admit = () => (server.dials.length < 6 ? { status: 401 } : undefined)
      const session = open({ origins: [server.origin, http.origin] })
      const token = (await session.tokens())?.accessToken
      const heard = connect(world, session, { probe: `${http.origin}/me` })
      await expect.poll(() => heard.types).toContain(ending === undefined ? 'open' : 'close')
      expect(probes).toEqual([`Bearer ${token}`])
      expect(issuer.refreshes).toBe(refreshes)
      expect(heard.closes.map(({ code }) => code)).toEqual(ending === undefined ? [] : [ending])
    },
  )

  it('is asked about at no origin that is not listed', ({ world }) => {
    const probe = 'https://elsewhere.test/me'
    expect(() => connect(world, world.open(), { probe })).toThrow(TypeError)
  })
})

describe('a server that is gone', () => {
  it('is dialled less and less often, with one refresh at the most, and found when it is back', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { ...quick, placement: firstMessage() }))
    await server.stop()
    const heard = listenTo(socket)
    await expect.poll(() => heard.losses.length).toBeGreaterThan(6)
    server.serve = (client) => {
      client.once('message', () => {
        client.send('{"type":"auth.ok"}')
      })
    }
    await server.start()
    await next(socket, 'open')
    expect(issuer.refreshes).toBeLessThanOrEqual(1)
    expect(heard.closes).toEqual([])
  })
})
