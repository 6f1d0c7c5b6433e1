import { createStream } from '@reauth/sse'
import { firstMessage, subprotocol } from '@reauth/ws'
import { createWebSocket } from '@reauth/ws/node'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import {
  type FeedMessage,
  feedProtocol,
  type FeedRequest,
  paths,
  type Restarted,
  type Tick,
  type Ticket,
} from '../src/contract.ts'
import { openServers, type Servers, until } from './servers.ts'

const lifetime = 3

const socketUrl = ({ demo }: Servers, path: string): string => demo.services.live.replace('http', 'ws') + path

const say = (text: string): string => JSON.stringify({ type: 'say', text } satisfies FeedRequest)

async function ticketOf({ demo, session, ada }: Servers): Promise<string> {
  const { accessToken } = await session.acquire()
  const headers = { authorization: `Bearer ${accessToken}` }
  const response = await ada.fetch(demo.url + paths.ticket.slice(1), { method: 'POST', headers })
  return ((await response.json()) as Ticket).ticket
}

describe.concurrent('live', () => {
  it('closes a feed with 4401 when its token ends: a bare socket stays dead, ours goes on', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: lifetime })
    const { demo, session } = servers
    const bare = new WebSocket(
      `${socketUrl(servers, paths.feedClosing)}?by=bare&ticket=${await ticketOf(servers)}`,
      feedProtocol,
    )
    const closed = new Promise<number>((resolve) => {
      bare.once('close', resolve)
    })
    const seen: number[] = []
    const ours = createWebSocket(session, `${socketUrl(servers, paths.feedClosing)}?every=100`, {
      placement: subprotocol(),
      protocols: feedProtocol,
    })
    ours.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as FeedMessage
      if (message.type === 'tick') seen.push(message.number)
    })
    expect(await closed).toBe(4401)
    await until(() => demo.counters.refreshes >= 2)
    const { length } = seen
    await until(() => seen.length > length + 3)
    ours.close()

    const { feedOpened, feedRefused, refreshes } = demo.counters
    expect(demo.counters.bare).toMatchObject({ feedOpened: 1, feedExpired: 1 })
    // before its end, ours was opened anew with the next token: that is what a refresh ahead of time is for
    expect(feedOpened).toBeGreaterThanOrEqual(refreshes)
    expect(feedRefused).toBe(0)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  })

  it('renews a token in band: one connection for all tokens', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: lifetime })
    const { demo, session } = servers
    const answers: unknown[] = []
    const socket = createWebSocket(session, `${socketUrl(servers, paths.feedInBand)}?every=60000`, {
      placement: firstMessage(),
      protocols: feedProtocol,
    })
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as FeedMessage
      if (message.type === 'said') answers.push(message.text)
    })
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
    socket.send(say('one'))
    await until(() => demo.counters.feedRenewed >= 3)
    socket.send(say('two'))
    await until(() => answers.length === 2)
    socket.close()

    expect(answers).toEqual(['one', 'two'])
    expect(demo.counters).toMatchObject({ feedOpened: 1, feedRefused: 0, feedExpired: 0, feedSaid: 2 })
  })

  it('asks in band for the next token, and closes 4401 where none comes', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: 2 })
    const { accessToken } = await servers.session.acquire()
    const types: string[] = []
    const socket = new WebSocket(`${socketUrl(servers, paths.feedInBand)}?every=60000`, feedProtocol)
    socket.on('open', () => socket.send(JSON.stringify({ type: 'auth', token: accessToken })))
    socket.on('message', (data) => types.push((JSON.parse(String(data)) as FeedMessage).type))
    const code = await new Promise((resolve) => {
      socket.once('close', resolve)
    })
    expect(code).toBe(4401)
    expect(types.filter((type) => type !== 'tick')).toEqual(['auth.ok', 'auth.required'])
    expect(servers.demo.counters).toMatchObject({ feedOpened: 1, feedExpired: 1, feedRefused: 0 })
  })

  it('refuses and denies in the handshake, and lets no other page in', async (context) => {
    const servers = await openServers(context)
    const { demo, session, set } = servers
    const { accessToken } = await session.acquire()
    const statusOf = (headers: Record<string, string>, path: string = paths.feedClosing): Promise<number | undefined> =>
      new Promise((resolve) => {
        const socket = new WebSocket(socketUrl(servers, path), feedProtocol, { headers })
        socket.on('error', () => {})
        socket.once('open', () => {
          resolve(101)
          socket.close()
        })
        socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
      })
    const authorization = `Bearer ${accessToken}`
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ authorization: 'Bearer made-up' })).toBe(401)
    expect(await statusOf({ authorization, origin: 'https://evil.example' })).toBe(403)
    expect(await statusOf({ authorization, host: 'evil.example' })).toBe(421)
    expect(await statusOf({ authorization }, '/feed/none')).toBe(404)
    expect(await statusOf({ authorization, origin: new URL(demo.url).origin })).toBe(101)
    for (const origin of ['https://evil.example', demo.services.north]) {
      // oxlint-disable-next-line no-await-in-loop
      const ticks = await fetch(demo.services.live + paths.ticks, { headers: { authorization, origin } })
      expect(ticks.headers.get('access-control-allow-origin')).toBe(null)
      // oxlint-disable-next-line no-await-in-loop
      await ticks.body?.cancel()
    }
    await set({ deny: true })
    expect(await statusOf({ authorization })).toBe(403)
    expect(demo.counters).toMatchObject({ feedRefused: 2, feedDenied: 1, feedOpened: 1 })
  })

  it('cuts the ticker at each expiry, and a stream that resumes misses no tick and gets none twice', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: lifetime })
    const { demo, session } = servers
    const seen: number[] = []
    const end = new AbortController()
    const reading = createStream(session).each(
      `${demo.services.live}${paths.ticks}?every=20`,
      { signal: end.signal },
      ({ data }) => void seen.push((JSON.parse(data) as Tick).number),
    )
    await until(() => demo.counters.ticksExpired >= 2)
    const { length } = seen
    await until(() => seen.length > length + 20)
    end.abort()
    await reading.catch(() => {})

    expect(seen).toEqual(Array.from(seen, (_, index) => (seen[0] ?? 0) + index))
    const { ticksOpened, ticksResumed, ticksRefused } = demo.counters
    expect(ticksResumed).toBe(ticksOpened - 1)
    expect(ticksRefused).toBe(0)
  })

  it('refuses the ticker to a ticket whose token has ended: what a bare EventSource runs into', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: 2 })
    const url = `${servers.demo.services.live}${paths.ticks}?every=20&by=bare&ticket=${await ticketOf(servers)}`
    const stream = await fetch(url)
    expect(stream.status).toBe(200)
    expect(await stream.text()).toMatch(/^id: \d+\ndata: \{"number":\d+,"at":\d+\}\n\n/)
    expect((await fetch(url)).status).toBe(401)
    expect(servers.demo.counters.bare).toMatchObject({ ticksOpened: 1, ticksExpired: 1, ticksRefused: 1 })
    expect(servers.demo.counters.ticksOpened).toBe(0)
  })

  it('restarts on the same port: sockets and streams are cut, come back, and cost no refresh', async (context) => {
    const servers = await openServers(context)
    const { demo, session, press } = servers
    const seen: number[] = []
    const end = new AbortController()
    const reading = createStream(session).each(
      `${demo.services.live}${paths.ticks}?every=20`,
      { signal: end.signal },
      ({ data }) => void seen.push((JSON.parse(data) as Tick).number),
    )
    let opened = 0
    const socket = createWebSocket(session, socketUrl(servers, paths.feedInBand), {
      placement: firstMessage(),
      protocols: feedProtocol,
    })
    socket.addEventListener('open', () => void opened++)
    await until(() => seen.length > 5 && opened === 1)
    const { cut } = await press<Restarted>(paths.restart, { service: 'live', downMs: 200 })
    expect(cut).toBeGreaterThanOrEqual(2)
    const { length } = seen
    await until(() => seen.length > length + 20 && opened === 2)
    end.abort()
    socket.close()
    await reading.catch(() => {})

    expect(seen).toEqual(Array.from(seen, (_, index) => (seen[0] ?? 0) + index))
    expect(demo.counters).toMatchObject({ refreshes: 0, restarts: 1, ticksOpened: 2, feedOpened: 2 })
  })
})
