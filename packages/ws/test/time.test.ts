import { createSession, disposer, staticSource } from '@reauth/core'
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
    let tell: ((ticket: string) => void) | undefined
    const placement = ticket(() => {
      if (++tickets === 1) throw new DOMException('The operation timed out', 'TimeoutError')
      return tickets === 2 ? new Promise<string>((resolve) => (tell = resolve)) : 't-3'
    })
    const socket = createWebSocket(source, url, { placement, WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(10_000 + 2000)
    tell?.('t-2')
    await pass(0)
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

  it.each(['close', 'reconnect'] as const)('that is over before it is told of takes a %s()', async (method) => {
    let isFirst = true
    const network = createNetwork((dialled) => {
      if (!isFirst) return
      queueMicrotask(() => {
        dialled.open()
        dialled.say('1')
        dialled.cut()
      })
    })
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    const act = (): void => {
      if (isFirst) socket[method]()
      isFirst = false
    }
    socket.addEventListener(method === 'close' ? 'message' : 'open', act)
    await pass(0)
    expect(heard.types.slice(-1)).toEqual([method === 'close' ? 'close' : 'reconnecting'])
    expect(heard.types).toHaveLength(3)
    socket.close()
    await pass(0)
    expect(heard.closes).toHaveLength(1)
  })

  it('that is closed as it opens is not made again', async () => {
    const network = createNetwork()
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    socket.addEventListener('open', () => {
      socket.close()
    })
    await pass(0)
    network.dialled[0]?.open()
    await pass(10_000)
    expect(heard.types).toEqual(['open', 'close'])
    expect(network.dialled).toHaveLength(1)
  })

  it('that was given up tells no more, whatever still comes', async () => {
    const network = createNetwork()
    const heartbeat = { message: 'ping', intervalMs: 1000, timeoutMs: 100 }
    const socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket, heartbeat })
    const heard = listenTo(socket)
    await pass(0)
    const [dialled] = network.dialled
    dialled!.open()
    dialled!.close = () => {}
    await pass(1100)
    expect(heard.losses).toMatchObject([{ reason: 'silent' }])
    dialled!.say('late')
    expect(heard.messages).toEqual([])
    socket.close()
    await pass(0)
  })

  it('is left by nobody who goes while it is dialled', async () => {
    for (const leave of ['close', 'sign-out']) {
      // Whichever step it is at.
      for (let steps = 0; steps < 30; steps++) {
        const issuer = createIssuer()
        const session = createSession({ refresh: issuer.refresh, origins })
        await session.signIn(issuer.signIn().tokens)
        const network = createNetwork()
        const socket = createWebSocket(session, url, { placement: cookie(), WebSocket: network.WebSocket })
        for (let step = 0; step < steps; step++) await Promise.resolve()
        if (leave === 'close') socket.close()
        else void session.signOut()
        await pass(0)
        for (const dialled of network.live) dialled.open()
        await pass(0)
        expect(network.live).toEqual([])
        socket.close()
        await pass(0)
        await session[Symbol.asyncDispose]()
      }
    }
  })

  it('leaves no subscription behind, however it ends', async () => {
    let subscriptions = 0
    const counting = {
      ...source,
      subscribe() {
        subscriptions++
        return disposer(() => subscriptions--)
      },
    }
    const network = createNetwork()
    const options = { placement: cookie(), WebSocket: network.WebSocket }
    const closed = createWebSocket(counting, url, options)
    closed.reconnect()
    expect(subscriptions).toBe(1)
    closed.close()
    const misused = createWebSocket(counting, () => 'wss://elsewhere.test', options)
    await pass(0)
    expect([closed.readyState, misused.readyState, subscriptions]).toEqual([3, 3, 0])
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

describe('a credential that cannot be encoded', () => {
  it.each([1, 2])('ends the socket with what was thrown, be it version %d', async (version) => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const unfit = new Error('unfit')
    let count = 0
    const encode = (): string => {
      if (++count === version) throw unfit
      return 'fit'
    }
    const placement = firstMessage({ encode, acknowledged: () => true })
    const network = createNetwork()
    const socket = createWebSocket(session, url, { placement, WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    network.dialled[0]?.open()
    network.dialled[0]?.say('taken')
    await pass(0)
    await session.refresh()
    await pass(0)
    expect(heard.types).toEqual(version === 1 ? ['error', 'close'] : ['open', 'error', 'close'])
    expect(heard.errors).toEqual([unfit])
    expect(network.live).toEqual([])
    await session[Symbol.asyncDispose]()
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

  it.each(['acknowledged', 'asked for'])('that is %s while the connection closes does not keep it', async (how) => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const network = createNetwork()
    const socket = createWebSocket(session, url, { placement: firstMessage(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    const [dialled] = network.dialled
    dialled!.open()
    await pass(0)
    dialled!.say('{"type":"auth.ok"}')
    await pass(0)
    if (how === 'acknowledged') await session.refresh()
    else dialled!.say('{"type":"auth.required"}')
    // It takes its time to close.
    dialled!.close = () => {
      dialled!.readyState = 2
    }
    socket.close()
    dialled!.dispatchEvent(new MessageEvent('message', { data: '{"type":"auth.ok"}' }))
    await pass(5000)
    expect(heard.types).toEqual(['open', 'close'])
    await session[Symbol.asyncDispose]()
  })

  it('that comes while the server closes leaves it to the code what it means', async () => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const network = createNetwork()
    const socket = createWebSocket(session, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    await pass(0)
    const [dialled] = network.dialled
    dialled!.open()
    await pass(0)
    dialled!.readyState = 2
    await session.refresh()
    dialled!.cut(4401)
    await pass(0)
    expect(heard.losses).toMatchObject([{ reason: 'refused', code: 4401 }])
    socket.close()
    await pass(0)
    await session[Symbol.asyncDispose]()
  })

  it('that waits for its connection is left when the socket is asked to connect anew', async () => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const network = createNetwork()
    const options = { placement: cookie(), overlap: true, WebSocket: network.WebSocket }
    const socket = createWebSocket(session, url, options)
    const heard = listenTo(socket)
    await pass(0)
    const [first] = network.dialled
    first!.open()
    await pass(0)
    await session.refresh()
    await pass(0)
    const close = first!.close.bind(first)
    first!.close = () => {}
    socket.reconnect()
    network.dialled[1]?.open()
    await pass(0)
    expect(network.live).toEqual([first])
    close()
    await pass(0)
    expect(heard.losses).toMatchObject([{ reason: 'asked' }])
    socket.close()
    await pass(10)
    await session[Symbol.asyncDispose]()
  })

  it('of somebody else opens nothing for who closes the socket at what is handed back', async () => {
    const issuer = createIssuer()
    const session = createSession({ refresh: issuer.refresh, origins })
    await session.signIn(issuer.signIn().tokens)
    const network = createNetwork()
    const socket = createWebSocket(session, url, { placement: cookie(), WebSocket: network.WebSocket })
    const heard = listenTo(socket)
    socket.send('of alice')
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    socket.addEventListener('undelivered', () => {
      socket.close()
    })
    await pass(0)
    for (const dialled of network.live) dialled.open()
    await pass(10)
    expect(heard.types).toEqual(['undelivered', 'close'])
    expect(network.live).toEqual([])
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
