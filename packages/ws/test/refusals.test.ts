import { describe, expect } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import type { SocketOptions } from '../src/socket-options.ts'
import type { ReconnectingSocket } from '../src/reconnecting-socket.ts'
import { eventually } from './support/eventually.ts'
import { type Heard, listenTo, next } from './support/heard.ts'
import { it, type World } from './support/world.ts'

const quick = { placement: header(), backoff: { minMs: 5, maxMs: 20 } }

function connect(
  { server, closing }: World,
  session: Parameters<typeof createWebSocket>[0],
  options: Partial<SocketOptions> = {},
): { socket: ReconnectingSocket; heard: Heard } {
  const socket = closing(createWebSocket(session, server.url, { ...quick, ...options }))
  return { socket, heard: listenTo(socket) }
}

describe('a handshake', () => {
  it('carries the credential, and the socket opens', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = world.byToken
    const { socket } = connect(world, open())
    expect(socket.readyState).toBe(0)
    await next(socket, 'open')
    expect(socket.readyState).toBe(1)
    expect(issuer.check(server.dials[0]?.token ?? '')).toBe('ok')
    expect(issuer.refreshes).toBe(0)
  })

  it('that is answered 401 costs one refresh, and the socket opens with the new credential', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = world.byToken
    const session = open()
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    const { socket, heard } = connect(world, session)
    await next(socket, 'open')
    expect(server.dials).toHaveLength(2)
    expect(issuer.refreshes).toBe(1)
    expect(heard.losses).toMatchObject([{ reason: 'refused', status: 401, attempt: 0 }])
  })

  it('that is answered 401 again ends it, with 4401 and no second refresh', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => ({ status: 401 })
    const session = open()
    const { socket, heard } = connect(world, session)
    await next(socket, 'close')
    expect(server.dials).toHaveLength(2)
    expect(issuer.refreshes).toBe(1)
    expect(heard.types).toEqual(['reconnecting', 'error', 'close'])
    expect(heard.closes[0]).toMatchObject({ code: 4401 })
    expect(heard.errors).toMatchObject([{ name: 'AuthenticationError', reason: 'refused' }])
    expect(socket.readyState).toBe(3)
    expect(session.state.status).toBe('active')
  })

  it('that is refused for good is tried again with a newer version, or when asked to', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => ({ status: 401 })
    const session = open()
    const { socket, heard } = connect(world, session)
    await next(socket, 'close')
    socket.reconnect()
    await next(socket, 'close')
    expect([server.dials.length, issuer.refreshes]).toEqual([3, 1])
    server.admit = world.byToken
    await session.refresh()
    await next(socket, 'open')
    expect(heard.closes).toHaveLength(2)
    expect(server.dials).toHaveLength(4)
  })

  it('that is refused for good stays closed once close() was called', async ({ world }) => {
    const { server, open } = world
    server.admit = () => ({ status: 401 })
    const session = open()
    const { socket, heard } = connect(world, session)
    await next(socket, 'close')
    socket.close()
    await session.refresh()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.dials).toHaveLength(2)
    expect(heard.closes).toHaveLength(1)
  })

  it('that is answered 403 ends it with 4403, and never refreshes', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => ({ status: 403 })
    const session = open()
    const { socket, heard } = connect(world, session)
    await next(socket, 'close')
    expect(heard.closes[0]).toMatchObject({ code: 4403 })
    expect(heard.errors).toMatchObject([{ name: 'PermissionDeniedError', code: 403 }])
    await session.refresh()
    expect([server.dials.length, issuer.refreshes]).toEqual([1, 1])
    // What alice may not do, bob may.
    server.admit = world.byToken
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    await next(socket, 'open')
  })

  it.for([429, 503])('that is answered %d waits for as long as Retry-After says', async (status, { world }) => {
    const { server, issuer, open } = world
    server.admit = () => (server.dials.length < 2 ? { status, headers: { 'retry-after': '1' } } : undefined)
    const { socket, heard } = connect(world, open())
    await next(socket, 'open')
    expect(heard.losses).toMatchObject([{ reason: 'lost', status, delayMs: 1000 }])
    expect(server.dials[1]!.at - server.dials[0]!.at).toBeGreaterThanOrEqual(990)
    expect(issuer.refreshes).toBe(0)
  })

  it('that fails is tried again with a wait that grows, and no refresh', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => (server.dials.length < 5 ? { status: 500 } : undefined)
    const { socket, heard } = connect(world, open(), { backoff: { minMs: 5, maxMs: 1000 } })
    await next(socket, 'open')
    expect(heard.losses.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3])
    for (const { attempt, delayMs } of heard.losses) {
      expect(delayMs).toBeGreaterThanOrEqual(5)
      expect(delayMs).toBeLessThanOrEqual(5 * 2 ** (attempt + 1))
    }
    expect(issuer.refreshes).toBe(0)
  })

  it('shows its answer to classify, body and all', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = ({ token }) =>
      issuer.check(token ?? '') === 'ok' ? undefined : { status: 400, headers: { 'x-why': 'token' }, body: 'stale' }
    const session = open()
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    const { socket } = connect(world, session, {
      classify: ({ status, headers, body }) =>
        status === 400 && headers?.get('x-why') === 'token' && body === 'stale' ? 'refused' : undefined,
    })
    await next(socket, 'open')
    expect(issuer.refreshes).toBe(1)
  })
})

describe('an open connection', () => {
  it.for([4401, 3000])('that is closed with %d costs one refresh, and is back', async (code, { world }) => {
    const { server, issuer, open } = world
    server.admit = world.byToken
    const session = open()
    const { socket, heard } = connect(world, session)
    await next(socket, 'open')
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    for (const client of server.sockets) client.close(code, 'token_expired')
    await next(socket, 'open')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
    expect(heard.losses).toMatchObject([{ reason: 'refused', code }])
    expect(heard.closes).toEqual([])
  })

  it('that is closed with 4401 when the credential was renewed elsewhere costs no refresh', async ({ world }) => {
    const { server, issuer, open } = world
    const session = open()
    const { socket } = connect(world, session, { placement: { ...header(), repeat: true, message: () => 'newer' } })
    await next(socket, 'open')
    await session.refresh()
    for (const client of server.sockets) client.close(4401)
    await next(socket, 'open')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
  })

  it.for([4403, 3003])('that is closed with %d ends it, with 4403 and no refresh', async (code, { world }) => {
    const { server, issuer, open } = world
    server.serve = (socket) => {
      socket.close(code, 'not yours')
    }
    const { socket, heard } = connect(world, open())
    await next(socket, 'close')
    expect(heard.closes[0]).toMatchObject({ code: 4403, reason: 'not yours', wasClean: true })
    expect([server.dials.length, issuer.refreshes]).toEqual([1, 0])
  })

  it.for([1000, 1001, 1008, 1011, 1012, 1013, 4000, 4408])(
    'that is closed with %d is back, with no refresh',
    async (code, { world }) => {
      const { server, issuer, open } = world
      const { socket, heard } = connect(world, open())
      await next(socket, 'open')
      for (const client of server.sockets) client.close(code)
      await next(socket, 'open')
      expect(heard.losses).toMatchObject([{ reason: 'lost', code, attempt: 0 }])
      expect([server.dials.length, issuer.refreshes]).toEqual([2, 0])
    },
  )

  it('that is closed with 1008 counts as refused where classify says so', async ({ world }) => {
    const { server, issuer, open } = world
    const { socket } = connect(world, open(), {
      classify: ({ code, reason }) => (code === 1008 && reason === 'jwt expired' ? 'refused' : undefined),
    })
    await next(socket, 'open')
    for (const client of server.sockets) client.close(1008, 'jwt expired')
    await next(socket, 'open')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
  })

  it('that breaks is back, with no refresh', async ({ world }) => {
    const { server, issuer, open } = world
    const { socket, heard } = connect(world, open())
    await next(socket, 'open')
    for (const client of server.sockets) client.terminate()
    await next(socket, 'open')
    expect(heard.losses).toMatchObject([{ reason: 'lost', code: 1006 }])
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 0])
  })

  it('that is refused again although it was just renewed ends it', async ({ world }) => {
    const { server, issuer, open } = world
    server.serve = (socket) => {
      socket.close(4401)
    }
    const { socket } = connect(world, open())
    await next(socket, 'close')
    expect([server.dials.length, issuer.refreshes]).toEqual([2, 1])
  })

  it('that is refused with tokens that lapse at once ends it all the same', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = () => ({ status: 401 })
    const session = open({ refresh: async (context) => ({ ...(await issuer.refresh(context)), expiresInMs: 1 }) })
    const { socket } = connect(world, session)
    await next(socket, 'close')
    expect([server.dials.length, issuer.refreshes].every((count) => count <= 4)).toBe(true)
  })

  it('that ends with its token is back, however short that lives', async ({ world }) => {
    const { server, issuer, open } = world
    const closeLater = 60
    server.serve = (socket) => {
      setTimeout(() => socket.close(4401), closeLater)
    }
    const session = open({ refresh: async (context) => ({ ...(await issuer.refresh(context)), expiresInMs: 50 }) })
    const { heard } = connect(world, session)
    await eventually(() => heard.types.filter((type) => type === 'open').length, { timeout: 4000 }).toBeGreaterThan(4)
    expect(heard.closes).toEqual([])
  })

  it('that is refused time and again after a message is in less and less of a hurry', async ({ world }) => {
    const { server, open } = world
    server.serve = (socket) => {
      socket.send('hello')
      socket.close(4401)
    }
    const { socket, heard } = connect(world, open(), { backoff: { minMs: 10, maxMs: 10_000 } })
    await new Promise<void>((resolve) => {
      socket.addEventListener('reconnecting', () => {
        if (heard.losses.length === 5) resolve()
      })
    })
    expect(heard.losses.map(({ delayMs }, ordinal) => delayMs >= (ordinal === 0 ? 0 : 10))).not.toContain(false)
    expect(heard.losses.every(({ delayMs }, ordinal) => delayMs <= 10 * 2 ** (ordinal + 2))).toBe(true)
  })
})

describe('a refresh that fails', () => {
  it('is worth another try, and ends nothing', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = world.byToken
    let isDown = true
    const session = open({
      refresh: (context) => (isDown ? Promise.reject(new Error('down')) : issuer.refresh(context)),
    })
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    const { socket, heard } = connect(world, session)
    await next(socket, 'reconnecting')
    expect(heard.losses).toMatchObject([{ reason: 'unavailable' }])
    isDown = false
    await next(socket, 'open')
    expect(heard.closes).toEqual([])
    expect(issuer.refreshes).toBe(1)
  })

  it('for good has it wait for the next sign-in', async ({ world }) => {
    const { server, issuer, open } = world
    server.admit = world.byToken
    const session = open()
    const tokens = await session.tokens()
    issuer.revokeAccessToken(tokens?.accessToken)
    issuer.revokeRefreshToken(tokens?.refreshToken)
    const { socket, heard } = connect(world, session)
    await next(socket, 'reconnecting')
    expect(heard.losses).toMatchObject([{ reason: 'expired', delayMs: Infinity }])
    expect(session.state.status).toBe('expired')
    void session.signIn(issuer.signIn().tokens)
    await next(socket, 'open')
    expect(server.dials).toHaveLength(2)
  })
})
