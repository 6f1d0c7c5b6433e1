import { createSession, type CredentialSource, type Session, staticSource } from '@reauth/core'
import { createIssuer } from '@reauth/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createWebSocket, type WebSocketOptions } from '../src/create-web-socket.ts'
import { cookie, firstMessage } from '../src/placement.ts'
import type { ReconnectingSocket } from '../src/reconnecting-socket.ts'
import { createNetwork, type FakeNetwork, type FakeSocket } from './support/fake-web-socket.ts'
import { type Heard, listenTo } from './support/heard.ts'

const url = 'wss://api.test/feed'
const origins = ['https://api.test']
const fixed = staticSource('token', { origins })
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

let socket: ReconnectingSocket
let network: FakeNetwork
let heard: Heard
let session: Session

function connect(source: CredentialSource = fixed, options: Partial<WebSocketOptions> = {}): void {
  network = createNetwork()
  socket = createWebSocket(source, url, { placement: cookie(), WebSocket: network.WebSocket, ...options })
  heard = listenTo(socket)
}

async function opened(...options: Parameters<typeof connect>): Promise<FakeSocket> {
  connect(...options)
  await pass(0)
  network.dialled[0]!.open()
  await pass(0)
  return network.dialled[0]!
}

function signedIn(options: { expireWhenRefused?: boolean } = {}): Session {
  const issuer = createIssuer()
  session = createSession({ refresh: issuer.refresh, origins, ...options })
  void session.signIn(issuer.signIn().tokens)
  return session
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  socket.close()
  await pass(0)
  await (session as Session | undefined)?.[Symbol.asyncDispose]()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a suspicion', () => {
  it('is no refusal: a server that is gone is dialled on where there is no other credential', async () => {
    connect()
    for (let turn = 0; turn < 6; turn++) {
      await pass(30_000)
      network.live[0]?.cut()
    }
    await pass(0)
    expect(heard.types).not.toContain('close')
    expect(heard.losses.map(({ reason }) => reason)).not.toContain('refused')
  })

  it('is none against a socket that only connects while its session ends for another one', async () => {
    connect(signedIn({ expireWhenRefused: true }), { placement: firstMessage() })
    await pass(0)
    network.dialled[0]!.open()
    const refused = await session.acquire()
    await expect(session.acquire({ refused, final: true })).rejects.toMatchObject({ reason: 'refused' })
    await pass(0)
    expect(heard.types).toEqual(['reconnecting'])
    expect(heard.losses).toMatchObject([{ reason: 'refused', delayMs: Infinity }])
  })
})

describe('a clock that is set back', () => {
  it('holds up no try', async () => {
    const first = await opened()
    first.cut()
    await pass(0)
    vi.setSystemTime(Date.now() - 3_600_000)
    await pass(500)
    expect(network.dialled).toHaveLength(2)
  })

  it('holds up no replacement', async () => {
    const first = await opened()
    first.cut()
    await pass(500)
    network.dialled[1]!.open()
    await pass(0)
    vi.setSystemTime(Date.now() - 3_600_000)
    socket.reconnect()
    await pass(0)
    expect(network.dialled).toHaveLength(3)
  })
})

describe('messages', () => {
  it('behind one whose handler throws arrive, and so does the end', async () => {
    const thrown: unknown[] = []
    vi.stubGlobal('queueMicrotask', (task: () => void) => {
      try {
        task()
      } catch (error) {
        thrown.push(error)
      }
    })
    network = createNetwork()
    socket = createWebSocket(fixed, url, { placement: firstMessage(), WebSocket: network.WebSocket })
    const got: unknown[] = []
    const mistake = new Error('of the handler')
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- what waits alone is called without an event of its own
    socket.onmessage = ({ data }) => {
      if (got.push(data) === 1) throw mistake
    }
    await pass(0)
    const [first] = network.dialled
    first!.open()
    for (const data of ['{"type":"auth.ok"}', '1', '2']) first!.say(data)
    first!.cut()
    await pass(500)
    vi.unstubAllGlobals()
    expect(got).toEqual(['1', '2'])
    expect(thrown).toEqual([mistake])
    expect(network.dialled).toHaveLength(2)
  })

  it('that are written while the other end closes are for the next connection', async () => {
    const first = await opened()
    first.readyState = 2
    socket.send('1')
    first.cut()
    await pass(500)
    network.dialled[1]!.open()
    await pass(0)
    expect(network.dialled[1]!.sent).toEqual(['1'])
    expect(heard.undelivered).toEqual([])
  })

  it('that acknowledge a credential are not passed on while a connection is let go, either', async () => {
    const first = await opened(signedIn(), { placement: firstMessage() })
    first.say('{"type":"auth.ok"}')
    await pass(0)
    await session.refresh()
    await pass(0)
    socket.reconnect()
    first.dispatchEvent(new MessageEvent('message', { data: '{"type":"auth.ok"}' }))
    await pass(0)
    expect(first.sent).toHaveLength(2)
    expect(heard.messages).toEqual([])
  })

  it('of the heartbeat are nobody’s to get back', async () => {
    const first = await opened(fixed, { heartbeat: { message: 'ping', intervalMs: 100, timeoutMs: 100 } })
    socket.send('1')
    first.bufferedAmount = 5
    await pass(200)
    expect(first.sent).toEqual(['1', 'ping'])
    expect(heard.undelivered).toEqual(['1'])
  })
})

describe('messages of somebody', () => {
  it.each([[['by nobody']], [[]]])('are sent as nobody’s in no case, be it behind %j', async (before) => {
    const issuer = createIssuer()
    session = createSession({ refresh: issuer.refresh, origins })
    const first = await opened(session, { anonymous: true })
    first.cut()
    for (const message of before) socket.send(message)
    await session.signIn(issuer.signIn().tokens)
    socket.send('by alice')
    await session.signOut()
    await pass(500)
    network.live[0]!.open()
    await pass(0)
    expect(network.dialled.flatMap(({ sent }) => sent)).toEqual([])
    expect(heard.undelivered).toEqual([...before, 'by alice'])
  })

  it('are sent as theirs where the connection before was nobody’s', async () => {
    const issuer = createIssuer()
    session = createSession({ refresh: issuer.refresh, origins })
    const first = await opened(session, { anonymous: true })
    first.cut()
    await session.signIn(issuer.signIn().tokens)
    socket.send('by alice')
    await pass(500)
    network.live[0]!.open()
    await pass(0)
    expect(network.dialled.at(-1)!.sent).toEqual(['by alice'])
  })
})

describe('a listener', () => {
  it('may send anew what it is handed back at the end, and has it', async () => {
    connect()
    socket.addEventListener('undelivered', ({ detail }) => {
      for (const message of detail.messages) socket.send(message)
      if (detail.messages.length === 2) socket.send('3')
    })
    socket.send('1')
    socket.send('2')
    socket.close()
    await pass(0)
    expect(heard.undelivered).toEqual(['1', '2', '3'])
  })

  it('that closes as a connection takes over hears of no opening', async () => {
    const first = await opened(signedIn(), { overlap: true })
    first.bufferedAmount = 1
    socket.send('1')
    socket.addEventListener('undelivered', () => {
      socket.close()
    })
    await session.refresh()
    await pass(0)
    network.dialled[1]!.open()
    await pass(10)
    expect(heard.types).toEqual(['open', 'undelivered', 'close'])
  })

  it('that connects anew at an error hears of no end', async () => {
    const first = await opened()
    socket.addEventListener('error', () => {
      socket.reconnect()
    })
    first.cut(4403)
    await pass(0)
    expect(heard.types).toEqual(['open', 'error'])
    expect(network.dialled).toHaveLength(2)
  })
})

it('leaves no timer behind that waited for the page to come back', async () => {
  const page = new EventTarget()
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('location', { href: 'https://api.test/' })
  await opened()
  page.dispatchEvent(new Event('pagehide'))
  await pass(0)
  vi.unstubAllGlobals()
  expect(vi.getTimerCount()).toBe(0)
})
