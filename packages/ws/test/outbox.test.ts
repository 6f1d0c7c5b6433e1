import { describe, expect, it as test } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { createOutbox } from '../src/outbox.ts'
import { firstMessage } from '../src/placement.ts'
import { eventually } from './support/eventually.ts'
import { listenTo, next } from './support/heard.ts'
import { it } from './support/world.ts'

const quick = { placement: header(), backoff: { minMs: 5, maxMs: 20 } }

describe('an outbox', () => {
  test('gives its messages back in their order, and forgets them', () => {
    const outbox = createOutbox()
    outbox.add('é')
    outbox.add(new Uint8Array([1, 2]).buffer)
    outbox.add(new Blob(['xyz']))
    expect(outbox.bytes).toBe(7)
    expect(outbox.take()).toEqual(['é', new Uint8Array([1, 2]).buffer, expect.any(Blob)])
    expect(outbox.take()).toEqual([])
    expect(outbox.bytes).toBe(0)
  })

  test.each([{ maxMessages: 2 }, { maxBytes: 2 }])(
    'throws at what does not fit into %o, and keeps the rest',
    (limits) => {
      const outbox = createOutbox(limits)
      outbox.add('a')
      outbox.add('b')
      expect(() => {
        outbox.add('c')
      }).toThrow(expect.objectContaining({ name: 'QuotaExceededError' }))
      expect(outbox.take()).toEqual(['a', 'b'])
    },
  )

  test('is whose message was first, and hands back what somebody else has left', () => {
    const outbox = createOutbox()
    expect(outbox.claim(1)).toEqual([])
    outbox.add('of 1')
    expect(outbox.claim(1)).toEqual([])
    expect(outbox.claim()).toEqual(['of 1'])
    outbox.add('of who comes next')
    expect(outbox.claim(0)).toEqual([])
    expect(outbox.claim()).toEqual([])
    expect(outbox.claim(2)).toEqual(['of who comes next'])
    outbox.take()
    outbox.claim()
    outbox.add('of 3', 3)
    outbox.add('of 3, too', 4)
    expect(outbox.claim(4)).toEqual(['of 3', 'of 3, too'])
  })

  test('keeps the bytes that there were', () => {
    const outbox = createOutbox()
    const bytes = new Uint8Array([0, 1, 2, 3])
    outbox.add(bytes)
    outbox.add(bytes.subarray(1, 3))
    outbox.add(bytes.buffer)
    bytes.fill(9)
    expect(outbox.take().map((data) => [...new Uint8Array(data as ArrayBuffer)])).toEqual([
      [0, 1, 2, 3],
      [1, 2],
      [0, 1, 2, 3],
    ])
  })
})

describe('what is sent', () => {
  it('before the acknowledgement goes after it, in its order', async ({ world }) => {
    const { server, open, closing } = world
    const got: string[] = []
    let acknowledge: (() => void) | undefined
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
      acknowledge = () => {
        socket.send('{"type":"auth.ok"}')
      }
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { ...quick, placement: firstMessage() }))
    socket.send('1')
    await eventually(() => got.length).toBe(1)
    socket.send('2')
    expect(socket.readyState).toBe(0)
    socket.addEventListener('open', () => {
      socket.send('3')
    })
    acknowledge?.()
    await next(socket, 'open')
    await eventually(() => got).toHaveLength(4)
    expect(JSON.parse(got[0]!)).toMatchObject({ type: 'auth' })
    expect(got.slice(1)).toEqual(['1', '2', '3'])
  })

  it('between two connections goes out on the next', async ({ world }) => {
    const { server, open, closing } = world
    const got: string[] = []
    server.serve = (socket) => {
      socket.on('message', (data) => got.push(String(data)))
    }
    const socket = closing(createWebSocket(open(), server.url, quick))
    await next(socket, 'open')
    for (const client of server.sockets) client.terminate()
    await next(socket, 'reconnecting')
    socket.send('1')
    socket.send('2')
    await next(socket, 'open')
    socket.send('3')
    await eventually(() => got).toEqual(['1', '2', '3'])
  })

  it('and does not fit throws, and nothing of it is lost in silence', async ({ world }) => {
    const { server, open, closing } = world
    const session = open({ isSignedOut: true })
    const socket = closing(createWebSocket(session, server.url, { ...quick, outbox: { maxMessages: 1 } }))
    const heard = listenTo(socket)
    socket.send('1')
    expect(() => {
      socket.send('2')
    }).toThrow(/outbox is full/)
    socket.close()
    expect(heard.undelivered).toEqual(['1'])
    socket.send('3')
    expect(heard.undelivered).toEqual(['1', '3'])
    await next(socket, 'close')
  })

  it('by the placement is nobody’s to get back', async ({ world }) => {
    const { server, issuer, open, closing } = world
    server.serve = (socket) => {
      socket.once('message', () => {
        socket.send('{"type":"auth.ok"}')
        socket.pause()
      })
    }
    const session = open()
    const socket = closing(createWebSocket(session, server.url, { ...quick, placement: firstMessage() }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    for (let ordinal = 0; ordinal < 40; ordinal++) socket.send('x'.repeat(1_000_000))
    await session.refresh()
    socket.send('last')
    for (const client of server.sockets) client.terminate()
    await next(socket, 'reconnecting')
    expect(heard.undelivered.at(-1)).toBe('last')
    expect(heard.undelivered.filter((message) => issuer.isTokenIn(String(message)))).toEqual([])
  })

  it('and has not left this machine when the connection breaks is handed back', async ({ world }) => {
    const { server, open, closing } = world
    server.serve = (socket) => {
      socket.pause()
    }
    const socket = closing(createWebSocket(open(), server.url, quick))
    const heard = listenTo(socket)
    await next(socket, 'open')
    const megabyte = 'x'.repeat(1_000_000)
    for (let ordinal = 0; ordinal < 40; ordinal++) socket.send(ordinal + megabyte)
    expect(socket.bufferedAmount).toBeGreaterThan(20_000_000)
    for (const client of server.sockets) client.terminate()
    await next(socket, 'reconnecting')
    const ordinals = heard.undelivered.map((message) => Number.parseInt(message as string, 10))
    expect(ordinals.length).toBeGreaterThan(20)
    expect(ordinals).toEqual(Array.from(ordinals, (_, index) => 40 - ordinals.length + index))
  })
})
