import { describe, expect } from 'vitest'

import { authenticate } from '../src/authenticate.ts'
import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { firstMessage } from '../src/placement.ts'
import { eventually } from './support/eventually.ts'
import { listenTo, next } from './support/heard.ts'
import { it } from './support/world.ts'

const backoff = { minMs: 5, maxMs: 20 }

describe('a connection whose credential gets old', () => {
  it('takes the newer one in band, and stays', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const tokens: string[] = []
    server.serve = (socket) => {
      void authenticate(socket, {
        async verify(token) {
          tokens.push(token)
          if (issuer.check(token) !== 'ok') throw new Error('not good')
          return { identity: 'alice' }
        },
      })
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: firstMessage(), backoff }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    expect(tokens).toHaveLength(1)
    const [serverSide] = server.sockets
    const renewed = next(serverSide as unknown as EventTarget, 'message')
    await session.refresh()
    await renewed
    socket.send('still here')
    await next(serverSide as unknown as EventTarget, 'message')
    expect(tokens).toHaveLength(2)
    expect(new Set(tokens).size).toBe(2)
    expect(server.dials).toHaveLength(1)
    // What is for the placement is for nobody else.
    expect(heard.types).toEqual(['open'])
    issuer.revokeAccessToken(tokens[0])
    serverSide?.close(1012)
    await next(socket, 'open')
    expect(issuer.refreshes).toBe(1)
  })

  it('is known by the newer one from then on: refused, that is what is renewed', async ({ world }) => {
    const { server, issuer, open, closing } = world
    server.serve = (socket) => {
      void authenticate(socket, {
        verify: async (token) => (issuer.check(token) === 'ok' ? {} : Promise.reject(new Error('not good'))),
      }).catch(() => {})
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: firstMessage(), backoff }))
    await next(socket, 'open')
    const [serverSide] = server.sockets
    const renewed = next(serverSide as unknown as EventTarget, 'message')
    await session.refresh()
    await renewed
    // Once a message is through, so is the acknowledgement before it.
    const answered = next(socket, 'message')
    serverSide?.send('hello')
    await answered
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    serverSide?.close(4401)
    await next(socket, 'open')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 2])
  })

  it('answers a server that asks for it', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const tokens: string[] = []
    server.serve = (socket) => {
      void authenticate(socket, { verify: async (token) => ({ identity: String(tokens.push(token) && 'alice') }) })
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: firstMessage(), backoff }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    const [serverSide] = server.sockets
    const answered = next<MessageEvent<string>>(serverSide as unknown as EventTarget, 'message')
    serverSide?.send('{ "type": "auth.required" }')
    expect(JSON.parse((await answered).data)).toEqual({ type: 'auth', token: (await session.tokens())?.accessToken })
    expect(heard.messages).toEqual([])
    expect(issuer.refreshes).toBe(0)
  })

  it('is closed and made anew where the placement cannot repeat', async ({ world }) => {
    const { server, issuer, open, closing } = world
    server.admit = world.byToken
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: header(), backoff }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    await session.refresh()
    await next(socket, 'open')
    expect(heard.types).toEqual(['open', 'reconnecting', 'open'])
    expect(heard.losses).toMatchObject([{ reason: 'expiring', attempt: 0 }])
    expect(server.dials.map(({ token }) => issuer.check(token ?? ''))).toEqual(['ok', 'ok'])
    expect(new Set(server.dials.map(({ token }) => token)).size).toBe(2)
    expect(server.sockets.size).toBe(1)
  })

  it('is kept until the next one is there with overlap, and neither loses nor doubles anything', async ({ world }) => {
    const { server, open, closing } = world
    const got: string[] = []
    let sent = 0
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
      const timer = setInterval(() => {
        // Each message once: what of it goes out on the older connection stays there.
        if (socket === [...server.sockets].find(({ readyState }) => readyState === 1)) socket.send(String(sent++))
      }, 1)
      socket.on('close', () => {
        clearInterval(timer)
      })
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: header(), overlap: true, backoff }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    let mine = 0
    const timer = setInterval(() => {
      expect(socket.readyState).toBe(1)
      socket.send(String(mine++))
    }, 1)
    for (let turn = 0; turn < 5; turn++) {
      const opened = next(socket, 'open')
      await session.refresh()
      await opened
    }
    clearInterval(timer)
    await eventually(() => got.length).toBe(mine)
    expect(got).toEqual(Array.from({ length: mine }, (_, ordinal) => String(ordinal)))
    expect(heard.messages).toEqual(Array.from({ length: heard.messages.length }, (_, ordinal) => String(ordinal)))
    expect(heard.messages.length).toBeGreaterThan(5)
    expect(heard.types).not.toContain('reconnecting')
    expect(server.dials).toHaveLength(6)
    await eventually(() => server.sockets.size).toBe(1)
  })

  it('stays with overlap while the next one cannot be made', async ({ world }) => {
    const { server, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: header(), overlap: true, backoff }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    server.admit = () => (server.dials.length < 4 ? { status: 503 } : undefined)
    await session.refresh()
    await next(socket, 'open')
    expect(server.dials).toHaveLength(4)
    expect(heard.types).toEqual(['open', 'open'])
  })

  it('leaves a server alone that asks for it, with overlap as without', async ({ world }) => {
    const { server, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: header(), overlap: true, backoff }))
    await next(socket, 'open')
    server.admit = () => (server.dials.length < 3 ? { status: 503, headers: { 'retry-after': '1' } } : undefined)
    await session.refresh()
    await next(socket, 'open')
    expect(server.dials).toHaveLength(3)
    expect(server.dials[2]!.at - server.dials[1]!.at).toBeGreaterThan(950)
  })

  it('is made anew once for versions that come while it is', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { placement: header(), backoff }))
    await next(socket, 'open')
    await session.refresh()
    await session.refresh()
    await next(socket, 'open')
    expect(server.dials).toHaveLength(2)
    expect(server.dials[1]?.token).toBe((await session.tokens())?.accessToken)
    expect(issuer.refreshes).toBe(2)
  })
})
