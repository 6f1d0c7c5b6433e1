import { createSession, staticSource } from '@reauth/core'
import { createIssuer } from '@reauth/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createWebSocket } from '../src/create-web-socket.ts'
import { cookie, firstMessage, ticket } from '../src/placement.ts'
import { createNetwork, type FakeSocket } from './support/fake-web-socket.ts'
import { listenTo } from './support/heard.ts'

const url = 'wss://api.test/feed'
const origins = ['https://api.test']
const source = staticSource('token', { origins })
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  // A socket that was closed leaves nothing behind.
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a server that is gone for a minute', () => {
  it('is dialled a few times, costs one refresh, and is found within half a minute', async () => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const goneUntil = Date.now() + 60_000
    const network = createNetwork((socket) => {
      setTimeout(() => {
        if (Date.now() < goneUntil) socket.cut()
        else socket.open()
      }, 5)
    })
    const socket = createWebSocket(session, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(60_000)
    expect(socket.readyState).toBe(0)
    expect(network.dialled.length).toBeLessThan(30)
    expect(
      heard.losses.map(({ delayMs, attempt }) => delayMs <= Math.min(30_000, 250 * 2 ** (attempt + 1))),
    ).not.toContain(false)
    expect(issuer.refreshes).toBe(1)
    await pass(30_100)
    expect(socket.readyState).toBe(1)
    socket.close()
    await pass(10)
    await session[Symbol.asyncDispose]()
  })
})

describe('a connection', () => {
  it('that is not made within ten seconds is given up for another one', async () => {
    const network = createNetwork()
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    await pass(10_000)
    expect(network.live).toHaveLength(0)
    await pass(500)
    expect(network.live).toHaveLength(1)
    socket.close()
    await pass(0)
    expect(network.live).toHaveLength(0)
  })

  it('whose first message is not acknowledged within ten seconds is given up', async () => {
    const network = createNetwork()
    const socket = createWebSocket(source, url, { placement: firstMessage(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    network.dialled[0]?.open()
    await pass(9_999)
    expect(network.live).toHaveLength(1)
    await pass(1)
    expect(network.live).toHaveLength(0)
    expect(heard.types).toEqual(['reconnecting'])
    socket.close()
    await pass(0)
  })

  it('counts as one that works after five seconds, or a message, and not before', async () => {
    for (const [work, attempts] of [
      [() => pass(4_999), [0, 1]],
      [() => pass(5_000), [0, 0]],
      [
        async (socket: FakeSocket) => {
          socket.say('hello')
        },
        [0, 0],
      ],
    ] as const) {
      const network = createNetwork()
      const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
      const heard = listenTo(socket)
      await pass(0)
      network.dialled[0]?.cut()
      await pass(500)
      const second = network.dialled[1]!
      second.open()
      await pass(0)
      await work(second)
      second.cut()
      await pass(0)
      expect(heard.losses.map(({ attempt }) => attempt)).toEqual(attempts)
      socket.close()
      await pass(0)
    }
  })

  it('is tried again where its ticket was not to be had in time', async () => {
    const network = createNetwork()
    let tickets = 0
    const placement = ticket(() => {
      if (++tickets === 1) throw new DOMException('The operation timed out', 'TimeoutError')
      return tickets === 2 ? new Promise<string>(() => {}) : 't-3'
    })
    const socket = createWebSocket(source, url, { placement, WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(10_000 + 2000)
    expect(network.dialled.map((each) => each.url)).toEqual([`${url}?ticket=t-3`])
    expect(heard.types).toEqual(['reconnecting', 'reconnecting'])
    socket.close()
    await pass(0)
  })

  it('that is closed by what it tells first tells no more, and ends once', async () => {
    const network = createNetwork((dialled) => {
      // All of it in one piece.
      queueMicrotask(() => {
        dialled.open()
        dialled.say('1')
        dialled.say('2')
      })
    })
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    socket.addEventListener('message', () => {
      socket.close(3001)
    })
    await pass(10_000)
    expect(heard.types).toEqual(['open', 'message', 'close'])
    expect(heard.closes).toMatchObject([{ code: 3001, wasClean: true }])
    expect(network.dialled).toHaveLength(1)
  })

  it('that does not answer a heartbeat is replaced, one that does is kept', async () => {
    for (const isAlive of [true, false]) {
      const network = createNetwork()
      const heartbeat = { message: 'ping', intervalMs: 1000, timeoutMs: 100 }
      const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket, heartbeat })
      const heard = listenTo(socket)
      await pass(0)
      network.dialled[0]?.open()
      await pass(1000)
      expect(network.dialled[0]?.sent).toEqual(['ping'])
      if (isAlive) network.dialled[0]?.say('pong')
      await pass(isAlive ? 1000 : 1500)
      expect(heard.losses.map(({ reason }) => reason)).toEqual(isAlive ? [] : ['silent'])
      expect(network.dialled).toHaveLength(isAlive ? 1 : 2)
      expect(network.live).toHaveLength(1)
      socket.close()
      await pass(0)
    }
  })

  it('is replaced when the machine has slept, where nobody can be asked', async () => {
    const network = createNetwork()
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    network.dialled[0]?.open()
    await pass(29_000)
    vi.setSystemTime(Date.now() + 600_000)
    await pass(2_000)
    expect(heard.losses).toMatchObject([{ reason: 'silent' }])
    expect(network.dialled).toHaveLength(2)
    socket.close()
    await pass(0)
  })

  it('that the other end does not close is over five seconds later', async () => {
    const network = createNetwork()
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    const [dialled] = network.dialled
    dialled!.open()
    await pass(0)
    dialled!.close = () => {}
    socket.close(3001, 'enough')
    expect(socket.readyState).toBe(2)
    await pass(5_000)
    expect(heard.closes).toMatchObject([{ code: 1006 }])
  })
})

describe('a newer credential', () => {
  it('that is not acknowledged within ten seconds has the connection replaced', async () => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const network = createNetwork()
    const socket = createWebSocket(session, url, { placement: firstMessage(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    network.dialled[0]?.open()
    await pass(0)
    network.dialled[0]?.say('{"type":"auth.ok"}')
    await pass(0)
    await session.refresh()
    await session.refresh()
    await pass(0)
    // The second waits for the acknowledgement of the first.
    expect(network.dialled[0]?.sent).toHaveLength(2)
    await pass(10_000)
    expect(heard.losses).toMatchObject([{ reason: 'silent' }])
    socket.close()
    await pass(0)
    await session[Symbol.asyncDispose]()
  })

  it.each(['closes the socket', 'ends the session'])(
    'has neither connection left when somebody %s meanwhile',
    async (how) => {
      const issuer = createIssuer()
      const session = createSession({ refresh: issuer.refresh, origins })
      await session.signIn(issuer.signIn().tokens)
      const network = createNetwork()
      const socket = createWebSocket(session, url, { placement: cookie(), overlap: true, WebSocket: network.WebSocket })
      await pass(0)
      const [first] = network.dialled
      first?.open()
      await pass(0)
      await session.refresh()
      await pass(0)
      // The older one takes its time to close.
      const close = first!.close.bind(first)
      first!.close = () => {}
      network.dialled[1]?.open()
      await pass(10)
      expect(network.live).toHaveLength(2)
      expect(socket.readyState).toBe(1)
      first!.close = close
      if (how === 'ends the session') void session.signOut()
      else socket.close()
      await pass(10)
      expect(network.live).toHaveLength(0)
      expect(socket.readyState).toBe(how === 'ends the session' ? 0 : 3)
      socket.close()
      await pass(10)
      await session[Symbol.asyncDispose]()
    },
  )
})
