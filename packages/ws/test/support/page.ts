import { createSession, type Session, type TokenSet } from '@reauth/core'

import { createWebSocketClass } from '../../src/create-web-socket-class.ts'
import { createWebSocket, type WebSocketOptions } from '../../src/create-web-socket.ts'
import { cookie, firstMessage, subprotocol, ticket } from '../../src/placement.ts'
import type { ReconnectingSocket } from '../../src/reconnecting-socket.ts'
import { type Log, scenarios } from './behaviours.ts'
import { type Heard, listenTo, next } from './heard.ts'

/** What the page of these tests has, as globals. */
export interface SocketPage {
  readonly session: Session
  /** Everything that was traced, as JSON. */
  readonly traces: string[]
  /** What the last socket told. */
  heard: Heard
  socket: ReconnectingSocket
  readonly Class: typeof WebSocket
  readonly placements: {
    cookie: typeof cookie
    firstMessage: typeof firstMessage
    subprotocol: typeof subprotocol
    ticket: typeof ticket
  }
  readonly next: typeof next
  connect(options: WebSocketOptions): void
  /** Puts the WebSocket of the browser and that of the class through a scenario. */
  compare(name: string): Promise<[browser: Log, own: Log]>
}

/** What it is told before it begins. */
export interface PageConfig {
  readonly origin: string
  readonly url: string
}

interface Bridge {
  readonly pageConfig: PageConfig
  /** Refreshes at the issuer of the test. */
  refreshInNode(tokens: TokenSet): Promise<TokenSet>
}

const { pageConfig, refreshInNode } = globalThis as unknown as Bridge
const traces: string[] = []
const session = createSession({
  origins: [pageConfig.origin],
  refresh: ({ tokens }) => refreshInNode(tokens),
  trace: (entry) => traces.push(JSON.stringify(entry)),
})

const page: Omit<SocketPage, 'heard' | 'socket'> = {
  session,
  traces,
  Class: createWebSocketClass(session, { placement: subprotocol() }),
  placements: { cookie, firstMessage, subprotocol, ticket },
  next,
  connect(options) {
    const socket = createWebSocket(session, pageConfig.url, options)
    Object.assign(globalThis, { socket, heard: listenTo(socket) })
  },
  async compare(name) {
    const logs: [Log, Log] = [[], []]
    const origin = pageConfig.origin.replace('http', 'ws')
    for (const [index, Each] of [WebSocket, createWebSocketClass(session)].entries()) {
      await scenarios[name]?.((path, protocols) => new Each(origin + path, protocols), logs[index]!)
    }
    return logs
  },
}
Object.assign(globalThis, page)
