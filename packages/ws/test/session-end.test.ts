import { describe, expect } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { eventually } from './support/eventually.ts'
import { listenTo, next } from './support/heard.ts'
import { it } from './support/world.ts'

const options = { placement: header(), backoff: { minMs: 5, maxMs: 20 } }

describe('a socket', () => {
  it('waits for a sign-in, and keeps what it is to send', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const got: string[] = []
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
    }
    const session = open({ isSignedOut: true })
    const socket = closing(createWebSocket(session, server.url, options))
    socket.send('later')
    expect(socket.bufferedAmount).toBe(5)
    await Promise.resolve()
    expect(server.dials).toHaveLength(0)
    await session.signIn(issuer.signIn().tokens)
    await next(socket, 'open')
    await eventually(() => got).toEqual(['later'])
    expect(socket.bufferedAmount).toBe(0)
  })

  it('drops its connection at a sign-out, hands back what waits, and connects for the next who signs in', async ({
    world,
  }) => {
    const { server, issuer, open, closing } = world
    const got: string[] = []
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    const [serverSide] = server.sockets
    const closed = next(serverSide as unknown as EventTarget, 'close')
    void session.signOut()
    expect(socket.readyState).toBe(0)
    expect(heard.losses).toMatchObject([{ reason: 'signed-out', delayMs: Infinity }])
    await closed
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    await next(socket, 'open')
    expect(heard.types).toEqual(['open', 'reconnecting', 'open'])
    expect(server.dials).toHaveLength(2)
    expect(got).toEqual([])
  })

  it.for(['signs out', 'is followed by bob'])('sends nothing of alice’s when she %s', async (how, { world }) => {
    const { server, issuer, open, closing } = world
    const got: string[] = []
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    server.admit = () => ({ status: 503 })
    for (const client of server.sockets) client.terminate()
    await next(socket, 'reconnecting')
    socket.send('of alice')
    if (how === 'signs out') {
      void session.signOut()
      socket.send('of nobody')
    }
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    server.admit = () => undefined
    await next(socket, 'open')
    socket.send('of bob')
    await eventually(() => got).toContain('of bob')
    expect(heard.undelivered).toContain('of alice')
    expect(got).not.toContain('of alice')
  })

  it('connects at once for who takes the place of another', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    await next(socket, 'open')
    expect(heard.losses).toMatchObject([{ reason: 'switched', delayMs: 0 }])
    await eventually(() => server.sockets.size).toBe(1)
  })

  it('sends nothing as bob that alice wrote before the first connection', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    socket.send('of alice')
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    await next(socket, 'open')
    expect(heard.undelivered).toEqual(['of alice'])
    expect(server.dials).toHaveLength(1)
  })

  it('hands back what waited under a session that expired when that is signed out', async ({ world }) => {
    const { server, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    session.expire()
    expect(heard.losses).toMatchObject([{ reason: 'expired' }])
    socket.send('of alice')
    expect(heard.undelivered).toEqual([])
    void session.signOut()
    expect(heard.undelivered).toEqual(['of alice'])
  })

  it('hands back at once what waits for another try when she signs out', async ({ world }) => {
    const { server, open, closing } = world
    server.admit = () => ({ status: 503, headers: { 'retry-after': '100' } })
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'reconnecting')
    socket.send('of alice')
    void session.signOut()
    expect(heard.undelivered).toEqual(['of alice'])
  })

  it('goes on with what waits when the session that expired comes back', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const got: string[] = []
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    await next(socket, 'open')
    session.expire()
    socket.send('of alice')
    void session.signIn(issuer.signIn().tokens)
    await next(socket, 'open')
    await eventually(() => got).toEqual(['of alice'])
  })

  it('drops a dial that is under way when the session ends', async ({ world }) => {
    const { server, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    let dialled: () => void
    const dialling = new Promise<void>((resolve) => (dialled = resolve))
    server.admit = () => {
      dialled()
      return { status: 0 }
    }
    await dialling
    void session.signOut()
    await next(socket, 'reconnecting')
    expect(heard.losses).toMatchObject([{ reason: 'signed-out' }])
    expect(server.dials).toHaveLength(1)
  })

  it('ends when the session is disposed', async ({ world }) => {
    const { server, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    await session[Symbol.asyncDispose]()
    for (const client of server.sockets) client.terminate()
    await next(socket, 'close')
    expect(heard.errors).toMatchObject([{ name: 'RefreshError', reason: 'disposed' }])
  })
})

describe('an anonymous socket', () => {
  const anonymous = { ...options, anonymous: true }

  it('connects where nobody is signed in, and anew as who signs in', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open({ isSignedOut: true })
    const socket = closing(createWebSocket(session, server.url, anonymous))
    const heard = listenTo(socket)
    await next(socket, 'open')
    expect(server.dials[0]?.token).toBeUndefined()
    void session.signIn(issuer.signIn().tokens)
    await next(socket, 'open')
    expect(issuer.check(server.dials[1]?.token ?? '')).toBe('ok')
    void session.signOut()
    await next(socket, 'open')
    expect(server.dials[2]?.token).toBeUndefined()
    expect(heard.losses.map(({ reason }) => reason)).toEqual(['signed-in', 'signed-out'])
    expect(heard.losses[1]?.delayMs).toBe(0)
    expect(server.dials).toHaveLength(3)
  })

  it('waits for a sign-in where a server takes nobody', async ({ world }) => {
    const { server, issuer, open, closing } = world
    server.admit = world.byToken
    const session = open({ isSignedOut: true })
    const socket = closing(createWebSocket(session, server.url, anonymous))
    const heard = listenTo(socket)
    await next(socket, 'reconnecting')
    expect(heard.losses).toMatchObject([{ reason: 'signed-out', delayMs: Infinity }])
    void session.signIn(issuer.signIn().tokens)
    await next(socket, 'open')
    expect(server.dials).toHaveLength(2)
    expect(issuer.refreshes).toBe(0)
  })

  it('sends nothing of nobody’s as who signs in', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open({ isSignedOut: true })
    const socket = closing(createWebSocket(session, server.url, anonymous))
    const heard = listenTo(socket)
    await next(socket, 'open')
    server.admit = () => ({ status: 503 })
    for (const client of server.sockets) client.terminate()
    await next(socket, 'reconnecting')
    socket.send('of nobody')
    void session.signIn(issuer.signIn().tokens)
    server.admit = () => undefined
    await next(socket, 'open')
    expect(heard.undelivered).toEqual(['of nobody'])
  })
})
