import type { Session } from '@reauth/core'
import { describe, expect, onTestFinished, vi } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocketClass } from '../src/node-sockets.ts'
import type { WebSocketClassOptions } from '../src/socket-class.ts'
import { next } from './support/heard.ts'
import { it, type World } from './support/world.ts'

const classOf = (session: Session, options: WebSocketClassOptions = {}): typeof WebSocket =>
  createWebSocketClass(session, { placement: header(), ...options })

const open = ({ server, closing }: World, Class: typeof WebSocket): WebSocket => closing(new Class(server.url))

/** Opens and closes as other clients do, until the code is final. */
async function codesOf(world: World, Class: typeof WebSocket, most = 5): Promise<number[]> {
  const codes: number[] = []
  while (codes.length < most && !codes.includes(4401) && !codes.includes(4403)) {
    codes.push((await next<CloseEvent>(open(world, Class), 'close')).code)
  }
  return codes
}

describe('a socket of the class', () => {
  it('renews a credential that its handshake was refused with, and opens as if nothing had been', async ({ world }) => {
    const { server, issuer } = world
    server.admit = world.byToken
    const session = world.open()
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    const socket = open(world, classOf(session))
    const types: string[] = []
    for (const type of ['error', 'close']) socket.addEventListener(type, () => types.push(type))
    await next(socket, 'open')
    expect(types).toEqual([])
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
  })

  it('closes with 1012 once its credential is renewed, so that the next one is not refused', async ({ world }) => {
    const { server, issuer } = world
    server.admit = world.byToken
    const session = world.open()
    const Class = classOf(session)
    const socket = open(world, Class)
    await next(socket, 'open')
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    for (const client of server.sockets) client.close(4401, 'token_expired')
    const { code, reason, wasClean } = await next<CloseEvent>(socket, 'close')
    expect({ code, reason, wasClean }).toEqual({ code: 1012, reason: 'token_expired', wasClean: true })
    await next(open(world, Class), 'open')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
  })

  it('closes with 4401 where the next one is refused at once, and costs no second refresh', async ({ world }) => {
    const { server, issuer } = world
    server.serve = (socket) => {
      socket.close(4401)
    }
    expect(await codesOf(world, classOf(world.open()))).toEqual([1012, 4401])
    expect(issuer.refreshes).toBe(1)
  })

  it('closes with 4401 where the next one is greeted before it is refused at once', async ({ world }) => {
    const { server, issuer } = world
    server.serve = (socket) => {
      socket.send('hello')
      socket.close(4401)
    }
    expect(await codesOf(world, classOf(world.open()))).toEqual([1012, 4401])
    expect(issuer.refreshes).toBe(1)
  })

  it('closes with 1012 again where the next one worked for a while', async ({ world }) => {
    const { server, issuer } = world
    const session = world.open()
    const Class = classOf(session)
    server.serve = (socket) => {
      if (server.dials.length === 1) socket.close(4401)
      else socket.send('hello')
    }
    expect((await next<CloseEvent>(open(world, Class), 'close')).code).toBe(1012)
    const working = open(world, Class)
    await next(working, 'message')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5000 })
    onTestFinished(() => void vi.useRealTimers())
    for (const client of server.sockets) client.send('still there')
    await next(working, 'message')
    // It still works; another one is refused with the same credential.
    server.serve = (socket) => {
      socket.close(4401)
    }
    expect((await next<CloseEvent>(open(world, Class), 'close')).code).toBe(1012)
    expect(issuer.refreshes).toBe(2)
  })

  it.for([403, 4403])('closes with 4403 for %d, and never refreshes', async (code, { world }) => {
    const { server, issuer } = world
    if (code < 1000) server.admit = () => ({ status: code })
    else
      server.serve = (socket) => {
        socket.close(code)
      }
    expect(await codesOf(world, classOf(world.open()))).toEqual([4403])
    expect([server.dials.length, issuer.refreshes]).toEqual([1, 0])
  })

  it('closes with 1012 where the refresh is not to be had, and with 4401 where it never will', async ({ world }) => {
    const { server, issuer } = world
    server.serve = (socket) => {
      socket.close(4401)
    }
    const down = world.open({ refresh: () => Promise.reject(new Error('down')) })
    expect((await next<CloseEvent>(open(world, classOf(down)), 'close')).code).toBe(1012)
    const rejected = world.open()
    issuer.revokeRefreshToken((await rejected.tokens())?.refreshToken)
    expect((await next<CloseEvent>(open(world, classOf(rejected)), 'close')).code).toBe(4401)
    expect(rejected.state.status).toBe('expired')
  })

  it('tells of other ends as they were', async ({ world }) => {
    const { server, issuer } = world
    for (const code of [1000, 1011, 1013, 4000, 4499]) {
      server.serve = (socket) => {
        socket.close(code, 'because')
      }
      const closed = await next<CloseEvent>(open(world, classOf(world.open())), 'close')
      expect([closed.code, closed.reason, closed.wasClean]).toEqual([code, 'because', true])
    }
    expect(issuer.refreshes).toBe(0)
  })

  it('ends with its session, at once', async ({ world }) => {
    const session = world.open()
    const socket = open(world, classOf(session))
    await next(socket, 'open')
    const closed = next<CloseEvent>(socket, 'close')
    void session.signOut()
    expect(socket.readyState).toBe(3)
    expect((await closed).code).toBe(4401)
  })

  it('waits for a sign-in, or connects without one where that is fine', async ({ world }) => {
    const { server, issuer } = world
    const session = world.open({ isSignedOut: true })
    const waiting = open(world, classOf(session))
    await next(open(world, classOf(session, { anonymous: true })), 'open')
    expect(waiting.readyState).toBe(0)
    expect(server.dials).toHaveLength(1)
    void session.signIn(issuer.signIn().tokens)
    await next(waiting, 'open')
    expect(server.dials.map(({ token }) => issuer.check(token ?? ''))).toEqual(['unknown', 'ok'])
  })

  it('sends the headers of its third argument along, as SignalR has them', async ({ world }) => {
    const { server, closing } = world
    const Class = classOf(world.open()) as unknown as new (...args: unknown[]) => WebSocket
    const socket = closing(new Class(server.url, undefined, { headers: { 'x-own': '1' } }))
    await next(socket, 'open')
    expect(server.dials[0]?.headers).toMatchObject({ 'x-own': '1', authorization: expect.stringContaining('Bearer ') })
  })

  it('goes by classify', async ({ world }) => {
    const { server, issuer } = world
    server.serve = (socket) => {
      socket.close(1008, 'jwt expired')
    }
    const Class = classOf(world.open(), {
      classify: ({ reason }) => (reason === 'jwt expired' ? 'refused' : undefined),
    })
    expect((await next<CloseEvent>(open(world, Class), 'close')).code).toBe(1012)
    expect(issuer.refreshes).toBe(1)
  })
})
