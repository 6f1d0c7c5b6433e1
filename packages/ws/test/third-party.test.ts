import { HttpTransportType, HubConnectionBuilder, type IHttpConnectionOptions, LogLevel } from '@microsoft/signalr'
import type { Session } from '@reauth/core'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { describe, expect } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { graphqlWs } from '../src/graphql-options.ts'
import { header } from '../src/header.ts'
import { createWebSocketClass } from '../src/node-sockets.ts'
import { it, type World } from './support/world.ts'
import { serveRoom } from './support/y-room.ts'

/** Voids the access token, and closes what was opened with it as servers do. */
async function expire({ server, issuer }: World, session: Session, code = 4401): Promise<void> {
  issuer.revokeAccessToken((await session.tokens())?.accessToken)
  for (const client of server.sockets) client.close(code, 'token_expired')
}

/** Counts for as long as somebody is there. */
async function* count(isOver: () => boolean): AsyncGenerator<number> {
  for (let number = 1; !isOver(); number++) {
    yield number
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('graphql-ws', () => {
  function subscribe(world: World, session: Session, webSocketImpl?: typeof WebSocket) {
    const { server, issuer } = world
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { zero: { type: GraphQLInt } } }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: {
          ticks: {
            type: GraphQLInt,
            async *subscribe() {
              for await (const ticks of count(() => false)) yield { ticks }
            },
          },
        },
      }),
    })
    useServer(
      {
        schema,
        onConnect({ connectionParams }) {
          const token = String(connectionParams?.['authorization']).replace('Bearer ', '')
          return issuer.check(token) === 'ok'
        },
      },
      server.pool,
    )
    const own = { ...graphqlWs(session), ...(webSocketImpl && { webSocketImpl }) }
    const client = createClient({
      url: server.url,
      ...own,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 5)),
    })
    const ticks: number[] = []
    const ended = new Promise<unknown>((resolve) => {
      client.subscribe<{ ticks: number }>(
        { query: 'subscription { ticks }' },
        {
          next: ({ data }) => ticks.push(data?.ticks ?? 0),
          error: resolve,
          complete() {
            resolve('complete')
          },
        },
      )
    })
    return { client, ticks, ended }
  }

  it('goes on with a subscription over the end of a token', async ({ world }) => {
    const session = world.open()
    const { client, ticks } = subscribe(world, session)
    await expect.poll(() => ticks.length).toBeGreaterThan(2)
    await expire(world, session)
    // The server's subscription begins anew, and so does its count.
    await expect.poll(() => ticks.lastIndexOf(1)).toBeGreaterThan(2)
    expect(world.issuer.refreshes).toBe(1)
    expect(world.server.dials).toHaveLength(2)
    await client.dispose()
  })

  it.for([4403, 4401])('ends a subscription that is denied for good, with %d', async (code, { world }) => {
    const session = world.open()
    const { client, ticks, ended } = subscribe(world, session)
    await expect.poll(() => ticks.length).toBeGreaterThan(2)
    // 4401 at once after a renewal is for good, too.
    world.server.serve = (socket) => {
      socket.close(code)
    }
    await expire(world, session, code)
    expect(await ended).toMatchObject({ code })
    expect(world.issuer.refreshes).toBe(code === 4401 ? 1 : 0)
    await client.dispose()
  })

  it.for([401, 403])('ends a subscription whose handshakes are answered %d', async (status, { world }) => {
    world.server.admit = () => ({ status })
    const session = world.open()
    const { client, ended } = subscribe(world, session, createWebSocketClass(session, { placement: header() }))
    expect(await ended).toMatchObject({ type: 'error', error: { code: status } })
    expect(world.server.dials).toHaveLength(status === 401 ? 2 : 1)
    await client.dispose()
  })

  it('ends a subscription when its session ends', async ({ world }) => {
    const session = world.open()
    const { client, ticks, ended } = subscribe(world, session)
    await expect.poll(() => ticks.length).toBeGreaterThan(2)
    void session.signOut()
    expect(await ended).toMatchObject({ code: 4401 })
    await client.dispose()
  })
})

describe('y-websocket', () => {
  it('converges over the end of a token', async ({ world }) => {
    const { server, issuer } = world
    const room = serveRoom()
    server.admit = world.byToken
    server.serve = room.join
    const session = world.open()
    const doc = new Y.Doc()
    const provider = new WebsocketProvider(server.url, 'room', doc, {
      WebSocketPolyfill: createWebSocketClass(session, { placement: header() }),
      disableBc: true,
    })
    const mine = doc.getText()
    const theirs = room.doc.getText()
    mine.insert(0, 'a')
    await expect.poll(() => String(theirs)).toBe('a')
    await expire(world, session)
    mine.insert(1, 'b')
    theirs.insert(1, 'c')
    await expect.poll(() => [mine.length, String(mine) === String(theirs)], { timeout: 5000 }).toEqual([3, true])
    expect(issuer.refreshes).toBe(1)
    expect(server.dials).toHaveLength(2)
    provider.destroy()
  })
})

describe('tRPC', () => {
  it('goes on with a subscription and its calls over the end of a token', async ({ world }) => {
    const { server, issuer } = world
    server.admit = world.byToken
    const t = initTRPC.create()
    const router = t.router({
      greet: t.procedure.query(() => 'hello'),
      ticks: t.procedure.subscription(({ signal }) => count(() => signal?.aborted === true)),
    })
    applyWSSHandler({ wss: server.pool, router })
    const session = world.open()
    const socketClient = createWSClient({
      url: server.url,
      WebSocket: createWebSocketClass(session, { placement: header() }),
      retryDelayMs: () => 1,
    })
    const client = createTRPCClient<typeof router>({ links: [wsLink({ client: socketClient })] })
    const ticks: number[] = []
    const subscription = client.ticks.subscribe(undefined, { onData: (data) => ticks.push(data) })
    await expect.poll(() => ticks.length).toBeGreaterThan(2)
    await expire(world, session)
    await expect.poll(() => ticks.lastIndexOf(1)).toBeGreaterThan(2)
    expect(await client.greet.query()).toBe('hello')
    expect(issuer.refreshes).toBe(1)
    expect(server.dials).toHaveLength(2)
    subscription.unsubscribe()
    await socketClient.close()
  })
})

describe('SignalR', () => {
  it('goes on with calls over the end of a token', async ({ world }) => {
    const { server, issuer } = world
    const end = '\u001E'
    server.admit = world.byToken
    server.serve = (socket) => {
      socket.on('message', (data) => {
        for (const part of String(data).split(end).slice(0, -1)) {
          const { protocol, type, invocationId } = JSON.parse(part) as Record<string, unknown>
          if (protocol !== undefined) socket.send(`{}${end}`)
          else if (type === 1) socket.send(JSON.stringify({ type: 3, invocationId, result: 'hello' }) + end)
        }
      })
    }
    const session = world.open()
    const connection = new HubConnectionBuilder()
      .withUrl(`${server.origin}/feed`, {
        skipNegotiation: true,
        transport: HttpTransportType.WebSockets,
        WebSocket: createWebSocketClass(session, { placement: header() }),
      } as IHttpConnectionOptions)
      .withAutomaticReconnect([1, 1, 1])
      .configureLogging(LogLevel.None)
      .build()
    await connection.start()
    expect(await connection.invoke('greet')).toBe('hello')
    const reconnected = new Promise((resolve) => {
      connection.onreconnected(resolve)
    })
    await expire(world, session)
    await reconnected
    expect(await connection.invoke('greet')).toBe('hello')
    expect(issuer.refreshes).toBe(1)
    expect(server.dials).toHaveLength(2)
    await connection.stop()
  })
})
