import { staticSource } from '@reauth/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createWebSocket, type WebSocketOptions } from '../src/create-web-socket.ts'
import { cookie } from '../src/placement.ts'
import { createNetwork, type FakeNetwork } from './support/fake-web-socket.ts'
import { type Heard, listenTo } from './support/heard.ts'

const source = staticSource('token', { origins: ['https://api.test'] })
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

let events: EventTarget
const page = { visibilityState: 'visible' }
const navigation = { onLine: true }

function happen(type: string, members: object = {}): void {
  events.dispatchEvent(Object.assign(new Event(type), members))
}

function setOnline(onLine: boolean): void {
  navigation.onLine = onLine
  happen(onLine ? 'online' : 'offline')
}

function setVisible(isVisible: boolean): void {
  page.visibilityState = isVisible ? 'visible' : 'hidden'
  happen('visibilitychange')
}

beforeEach(() => {
  vi.useFakeTimers()
  events = new EventTarget()
  vi.stubGlobal('addEventListener', events.addEventListener.bind(events))
  vi.stubGlobal('document', page)
  vi.stubGlobal('navigator', navigation)
  vi.stubGlobal('location', { href: 'https://api.test/' })
  Object.assign(navigation, { onLine: true })
  Object.assign(page, { visibilityState: 'visible' })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

interface Stage {
  readonly network: FakeNetwork
  readonly heard: Heard
  readonly end: () => Promise<unknown>
}

async function connected(options: Partial<WebSocketOptions> = {}): Promise<Stage> {
  const network = createNetwork()
  const socket = createWebSocket(source, '/feed', { placement: cookie(), WebSocket: network.WebSocket, ...options })
  const heard = listenTo(socket)
  await pass(0)
  network.dialled[0]?.open()
  await pass(0)
  return {
    network,
    heard,
    end() {
      socket.close()
      return pass(10)
    },
  }
}

describe('a page', () => {
  it('that was only loaded keeps its connection, one out of the back/forward cache makes another', async () => {
    const { network, end } = await connected()
    happen('pageshow', { persisted: false })
    await pass(500)
    expect(network.dialled).toHaveLength(1)
    happen('pageshow', { persisted: true })
    await pass(1000)
    expect(network.dialled).toHaveLength(2)
    await end()
  })

  it('that is offline keeps its connection, and does not dial', async () => {
    const { network, end } = await connected()
    setOnline(false)
    await pass(60_000)
    expect(network.live).toHaveLength(1)
    network.dialled[0]?.cut()
    await pass(60_000)
    expect(network.dialled).toHaveLength(1)
    setOnline(true)
    await pass(250)
    expect(network.dialled).toHaveLength(2)
    await end()
  })

  it('that goes offline while it waits does not dial until it is back, and then at once', async () => {
    const { network, heard, end } = await connected({ backoff: { minMs: 5000 } })
    network.dialled[0]?.cut()
    await pass(0)
    setOnline(false)
    await pass(60_000)
    expect(network.dialled).toHaveLength(1)
    setOnline(true)
    await pass(250)
    expect(network.dialled).toHaveLength(2)
    expect(heard.losses).toHaveLength(1)
    await end()
  })

  it('takes several events for one awakening', async () => {
    const { network, end } = await connected()
    for (const type of ['resume', 'online', 'visibilitychange']) happen(type)
    await pass(1000)
    expect(network.dialled).toHaveLength(2)
    await end()
  })

  it('that comes into sight again keeps what seems open', async () => {
    const { network, end } = await connected()
    setVisible(false)
    setVisible(true)
    await pass(1000)
    expect(network.dialled).toHaveLength(1)
    await end()
  })

  it.each([true, false])('out of sight waits with dialling only where it is asked to (%s)', async (pauseWhenHidden) => {
    const { network, end } = await connected({ pauseWhenHidden })
    setVisible(false)
    network.dialled[0]?.cut()
    await pass(1000)
    expect(network.dialled).toHaveLength(pauseWhenHidden ? 1 : 2)
    setVisible(true)
    await pass(1000)
    expect(network.dialled).toHaveLength(2)
    await end()
  })

  it('dials at once when it wakes, whatever it waited for', async () => {
    const { network, end } = await connected({ backoff: { minMs: 20_000 } })
    network.dialled[0]?.cut()
    await pass(0)
    happen('resume')
    await pass(250)
    // A backoff of our own is cut short.
    expect(network.dialled).toHaveLength(2)
    await end()
  })

  it('lets go of its connection when it leaves', async () => {
    const { network, heard, end } = await connected()
    happen('pagehide')
    await pass(0)
    expect(network.live).toHaveLength(0)
    expect(heard.losses).toMatchObject([{ reason: 'lost', delayMs: Infinity }])
    await end()
  })
})
