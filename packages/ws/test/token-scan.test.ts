import { inspect } from 'node:util'

import { describe, expect, vi } from 'vitest'

import { createWebSocket as createPlatformSocket } from '../src/create-web-socket.ts'
import { header } from '../src/header.ts'
import { createWebSocket, createWebSocketClass } from '../src/node-sockets.ts'
import { firstMessage, type Placement, subprotocol, ticket } from '../src/placement.ts'
import { eventually } from './support/eventually.ts'
import { listenTo } from './support/heard.ts'
import { it } from './support/world.ts'

/** What servers do, one after the other. */
const ends = [401, 403, 503, 4401, 4403, 1008, 1006, 'dies'] as const

const placements: readonly [string, Placement][] = [
  ['header', header()],
  ['subprotocol', subprotocol()],
  ['firstMessage', firstMessage({ acknowledged: () => true })],
  ['ticket', ticket(() => 'single-use')],
]

describe('no URL, log, trace, event or error shows a token', () => {
  it.for(placements)('with %s', async ([, placement], { world }) => {
    const { server, issuer, open, closing } = world
    const said: unknown[] = []
    for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, level).mockImplementation((...data) => void said.push(...(data as unknown[])))
    }
    const warn = (warning: Error): void => void said.push(warning)
    process.on('warning', warn)
    for (const end of ends) {
      server.admit = () => (typeof end === 'number' && end < 1000 ? { status: end, body: 'no' } : undefined)
      server.serve = (socket) => {
        socket.send('hello')
        if (end === 1006) socket.terminate()
        else if (typeof end === 'number' && end >= 1000) socket.close(end)
      }
      const session = open({ trace: (entry) => said.push(entry) })
      const token = (await session.tokens())?.accessToken
      issuer.revokeAccessToken(token)
      const options = { placement, protocols: 'feed', backoff: { minMs: 1, maxMs: 1 } }
      const sockets = [createWebSocket(session, server.url, options)]
      if (placement.needsHeaders !== true) sockets.push(createPlatformSocket(session, server.url, options))
      for (const socket of sockets) {
        const heard = listenTo(closing(socket))
        said.push(heard, heard.errors)
      }
      const one = closing(new (createWebSocketClass(session, { placement }))(server.url, 'feed'))
      for (const type of ['open', 'message', 'error', 'close']) {
        one.addEventListener(type, (event) => said.push(event, (event as Event & { error?: unknown }).error))
      }
      const before = server.dials.length
      await eventually(() => server.dials.length).toBeGreaterThanOrEqual(before + sockets.length)
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (end === 'dies') void session.signOut()
      for (const socket of sockets) said.push(socket, socket.url, socket.protocol)
      for (const socket of [...sockets, one]) socket.close()
    }
    process.off('warning', warn)
    const texts = [...said, ...server.dials.map(({ url }) => url)].flatMap((each) => [
      inspect(each, { depth: 8, showHidden: false, maxStringLength: null, maxArrayLength: null }),
      String((each as Error | undefined)?.stack),
    ])
    expect(texts.length).toBeGreaterThan(50)
    expect(texts.filter((text) => issuer.isTokenIn(text))).toEqual([])
  })
})
