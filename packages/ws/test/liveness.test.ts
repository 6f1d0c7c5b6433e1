import { expect } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { listenTo, next } from './support/heard.ts'
import { it } from './support/world.ts'

it('finds a connection dead whose other end says nothing any more, and keeps a quiet one', async ({ world }) => {
  const { server, issuer, open, closing } = world
  const heartbeat = { intervalMs: 100, timeoutMs: 100 }
  const socket = closing(createWebSocket(open(), server.url, { placement: header(), heartbeat, backoff: { minMs: 5 } }))
  const heard = listenTo(socket)
  await next(socket, 'open')
  let pings = 0
  const [serverSide] = server.sockets
  await new Promise<void>((resolve) => {
    serverSide?.on('ping', () => {
      if (++pings === 3) resolve()
    })
  })
  expect(heard.types).toEqual(['open'])
  // Half open: the other end is there, and does not read.
  serverSide?.pause()
  await next(socket, 'open')
  expect(heard.losses).toMatchObject([{ reason: 'silent' }])
  expect(issuer.refreshes).toBe(0)
})
