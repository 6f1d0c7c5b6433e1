import { describe, expect } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { listenTo, next } from './support/heard.ts'
import { it, type World } from './support/world.ts'

const quick = { placement: header(), backoff: { minMs: 5, maxMs: 20 } }

function connect({ server, closing }: World, session: Parameters<typeof createWebSocket>[0]) {
  const socket = closing(createWebSocket(session, server.url, quick))
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
    const { socket, heard } = connect(world, open())
    await next(socket, 'close')
    expect(server.dials).toHaveLength(2)
    expect(issuer.refreshes).toBe(1)
    expect(heard.closes[0]).toMatchObject({ code: 4401 })
    expect(heard.errors).toMatchObject([{ name: 'AuthenticationError', reason: 'refused' }])
    expect(socket.readyState).toBe(3)
  })
})
