import { describe, expect } from 'vitest'
import type { WebSocket as ServerSocket } from 'ws'

import { authenticate } from '../src/authenticate.ts'
import { closeAtExpiry } from '../src/close-at-expiry.ts'
import type { SocketOptions } from '../src/socket-options.ts'
import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { firstMessage } from '../src/placement.ts'
import { eventually } from './support/eventually.ts'
import { listenTo, next } from './support/heard.ts'
import { it } from './support/world.ts'

/** As many as the claim has with CONTINUITY=100000. */
const total = Number(process.env['CONTINUITY'] ?? 10_000)
const expiries = 50
const batch = total / expiries

const ways: readonly [name: string, options: SocketOptions, dials: number][] = [
  ['in band', { placement: firstMessage() }, 1],
  ['make before break', { placement: header(), overlap: true, outbox: { maxMessages: batch } }, expiries + 1],
]

describe.for(ways)('%s', ([, options, dials]) => {
  it('loses, doubles and disorders no message over 50 expiries', { timeout: 120_000 }, async ({ world }) => {
    const { server, issuer, open, closing } = world
    /** What the server got, and what of its own it sent. */
    const got: number[] = []
    let sent = 0
    let newest: ServerSocket
    server.admit = options.placement.needsHeaders === true ? world.byToken : () => undefined
    server.serve = (socket) => {
      newest = socket
      if (options.placement.message === undefined) closeAtExpiry(socket, Date.now() + 60_000)
      else
        void authenticate(socket, {
          verify: async (token) => (issuer.check(token) === 'ok' ? {} : Promise.reject(new Error())),
        })
      socket.on('message', (data) => {
        const number = Number(String(data))
        if (Number.isNaN(number)) return
        got.push(number)
        // Each is answered once, on the newest connection.
        newest.send(String(sent++))
      })
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, options))
    const heard = listenTo(socket)
    await next(socket, 'open')
    let number = 0
    for (let expiry = 0; expiry < expiries; expiry++) {
      const old = (await session.tokens())?.accessToken
      const refreshed = session.refresh()
      // While the credential changes, and the connection with it.
      for (const end = number + batch; number < end; number++) {
        socket.send(String(number))
        if (number % 100 === 99) await new Promise(setImmediate)
      }
      await refreshed
      await eventually(() => server.dials.length, { timeout: 10_000, interval: 2 }).toBe(dials === 1 ? 1 : expiry + 2)
      await eventually(() => got.length, { timeout: 10_000, interval: 2 }).toBe(number)
      issuer.revokeAccessToken(old)
    }
    const all = Array.from({ length: total }, (_, index) => index)
    await eventually(() => heard.messages.length, { timeout: 10_000 }).toBe(total)
    expect(got).toEqual(all)
    expect(heard.messages.map(Number)).toEqual(all)
    expect(heard.undelivered).toEqual([])
    expect(server.dials).toHaveLength(dials)
    expect(issuer.refreshes).toBe(expiries)
  })
})
