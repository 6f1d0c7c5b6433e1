import { createSession } from '@reauth/core'
import { createIssuer } from '@reauth/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createWebSocketClass } from '../src/create-web-socket-class.ts'
import { createWebSocket } from '../src/create-web-socket.ts'
import { firstMessage, type Placement, subprotocol } from '../src/placement.ts'
import { createNetwork, type FakeSocket } from './support/fake-web-socket.ts'
import { listenTo } from './support/heard.ts'

const url = 'wss://api.test/feed'
const steps = [
  'open',
  'ack',
  'say',
  'cut',
  '4401',
  '4403',
  'refresh',
  'expire',
  'out',
  'alice',
  'bob',
  'send',
  'again',
  'wait',
  'long',
] as const
type Step = (typeof steps)[number]

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What goes on around a socket, in any order. */
async function play(script: readonly Step[], placement: Placement, overlap: boolean): Promise<void> {
  const issuer = createIssuer()
  const session = createSession({ refresh: issuer.refresh, origins: ['https://api.test'] })
  await session.signIn(issuer.signIn().tokens)
  /** Whose messages arrived where: the token of a connection has to be that of who wrote them. */
  const owners = new Map<FakeSocket, string | undefined>()
  const network = createNetwork((dialled) => {
    expect(network.live.length).toBeLessThanOrEqual(overlap ? 2 : 1)
    owners.set(dialled, session.state.status === 'active' ? session.state.identity : undefined)
  })
  const socket = createWebSocket(session, url, { placement, overlap, protocols: 'feed', WebSocket: network.WebSocket })
  const heard = listenTo(socket)
  let sent = 0

  const acts: { readonly [Key in Step]: () => unknown } = {
    open: () => network.live.at(-1)?.open(),
    ack: () => network.live.at(-1)?.say('{"type":"auth.ok"}'),
    say: () => network.live.at(-1)?.say('hello'),
    cut: () => network.live.at(-1)?.cut(),
    4401: () => network.live.at(-1)?.cut(4401),
    4403: () => network.live.at(-1)?.cut(4403),
    refresh: () => session.refresh().catch(() => {}),
    expire: () => {
      session.expire()
    },
    out: () => session.signOut(),
    alice: () => session.signIn(issuer.signIn({ identity: 'alice' }).tokens),
    bob: () => session.signIn(issuer.signIn({ identity: 'bob' }).tokens),
    send: () => {
      const whose =
        session.state.status === 'active' || session.state.status === 'expired' ? session.state.identity : undefined
      socket.send(`${sent++} of ${whose}`)
    },
    again: () => {
      socket.reconnect()
    },
    wait: () => vi.advanceTimersByTimeAsync(300),
    long: () => vi.advanceTimersByTimeAsync(6_000),
  }
  for (const step of script) {
    void acts[step]()
    await vi.advanceTimersByTimeAsync(0)
  }

  socket.close()
  await vi.advanceTimersByTimeAsync(6_000)
  expect(socket.readyState).toBe(3)
  expect(network.live).toEqual([])
  await session[Symbol.asyncDispose]()
  expect(vi.getTimerCount()).toBe(0)
  expect(issuer.misuse).toEqual([])
  // What alice wrote went out as alice or came back, and nothing did twice.
  const arrived = network.dialled.flatMap((dialled) =>
    dialled.sent
      .map(String)
      .filter((data) => data.includes(' of '))
      .map((data) => [data, owners.get(dialled)] as const),
  )
  for (const [data, owner] of arrived) expect([owner, 'undefined']).toContain(data.split(' of ')[1])
  const all = [...arrived.map(([data]) => data), ...heard.undelivered.map(String)]
  expect(new Set(all).size).toBe(all.length)
  expect(all).toHaveLength(sent)
  const sentOrder = arrived.map(([data]) => Number.parseInt(data, 10))
  expect(sentOrder).toEqual(sentOrder.toSorted((a, b) => a - b))
}

describe('a socket in any course of events', () => {
  it.each([
    ['in band', firstMessage(), false],
    ['by a new connection', subprotocol(), false],
    ['by make before break', subprotocol(), true],
  ] as const)(
    'leaves nothing behind, loses and doubles nothing, and mixes up nobody, renewed %s',
    async (_, placement, overlap) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 25 }), (script) =>
          play(script, placement, overlap),
        ),
        { numRuns: Number(process.env['RACES'] ?? 150) },
      )
    },
  )
})

describe('a socket of the class in any course of events', () => {
  it('ends once, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('open', 'say', 'cut', '4401', 'refresh', 'out', 'alice', 'close', 'wait'), {
          maxLength: 12,
        }),
        async (script) => {
          const issuer = createIssuer()
          const session = createSession({ refresh: issuer.refresh, origins: ['https://api.test'] })
          await session.signIn(issuer.signIn().tokens)
          const network = createNetwork()
          vi.stubGlobal('WebSocket', network.WebSocket)
          const socket = new (createWebSocketClass(session))(url)
          const types: string[] = []
          for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => types.push(type))
          for (const step of [...script, 'close']) {
            if (step === 'open') network.live.at(-1)?.open()
            else if (step === 'say') network.live.at(-1)?.say('hello')
            else if (step === 'cut') network.live.at(-1)?.cut()
            else if (step === '4401') network.live.at(-1)?.cut(4401)
            else if (step === 'refresh') session.refresh().catch(() => {})
            else if (step === 'out') void session.signOut()
            else if (step === 'alice') void session.signIn(issuer.signIn().tokens)
            else if (step === 'close') socket.close()
            else await vi.advanceTimersByTimeAsync(300)
            await vi.advanceTimersByTimeAsync(0)
          }
          await vi.advanceTimersByTimeAsync(10_000)
          expect(types.filter((type) => type === 'close')).toHaveLength(1)
          expect(types.indexOf('close')).toBe(types.length - 1)
          expect(network.live).toEqual([])
          await session[Symbol.asyncDispose]()
          expect(vi.getTimerCount()).toBe(0)
          vi.unstubAllGlobals()
        },
      ),
      { numRuns: Number(process.env['RACES'] ?? 150) },
    )
  })
})
