import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { authenticate, closeAtExpiry } from '@reauth/ws/node'
import { type WebSocket, WebSocketServer } from 'ws'

import { feedProtocol, paths, type TransportCounters } from '../contract.ts'
import type { Count, Tally } from './counters.ts'
import type { Gate } from './gate.ts'
import type { Listening } from './listen.ts'
import { feed } from './feed.ts'
import { BadRequest } from './read-json.ts'
import type { LiveSettings } from './settings.ts'
import { everyMsOf } from './ticking.ts'

export interface FeedOptions {
  readonly gate: Gate
  readonly tally: Tally
  readonly settings: LiveSettings
  readonly pageOrigin: string
  /** When tick 0 fell due, in epoch ms. */
  readonly startedAt: number
}

type Counted = Count<keyof TransportCounters>

/** A socket that somebody wants to open. */
interface Dial {
  readonly url: URL
  readonly count: Counted
  readonly everyMs: number
  readonly accept: () => Promise<WebSocket>
}

const subprotocolPrefix = 'bearer.'

/** Serves two feeds over WebSockets: one that ends with its token, and one that takes the next token in band. */
export function serveFeeds({ server, origin }: Listening, options: FeedOptions): void {
  const { gate, tally, pageOrigin } = options
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 65_536,
    handleProtocols: (offered) => offered.has(feedProtocol) && feedProtocol,
  })

  async function answer(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    const url = new URL(`${origin}${request.url}`)
    const { host, origin: from } = request.headers
    if (`http://${host}` !== origin) return refuse(stream, '421 Misdirected Request')
    // a browser sends cookies to sockets from everywhere, and lets anybody read the answer
    if (from !== undefined && from !== pageOrigin) return refuse(stream, '403 Forbidden')
    const dial: Dial = {
      url,
      count: tally.transports(url),
      everyMs: everyMsOf(url),
      accept: () => new Promise((resolve) => sockets.handleUpgrade(request, stream, head, resolve)),
    }
    if (url.pathname === paths.feedInBand) return openInBand(dial, options)
    if (url.pathname !== paths.feedClosing) return refuse(stream, '404 Not Found')

    const places = { cookie: true, ticket: true }
    const entry = await gate.enter(tokenOffered(request) ?? gate.credentialOf(request, url, places))
    if (entry.status === 200) return openClosing(dial, options, entry.grant.expiresAt)
    dial.count.add(entry.status === 401 ? 'feedRefused' : 'feedDenied')
    refuse(stream, entry.status === 401 ? '401 Unauthorized' : '403 Forbidden', entry.challenge)
  }

  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => {})
    answer(request, stream, head).catch((error: unknown) => {
      refuse(stream, error instanceof BadRequest ? '400 Bad Request' : '500 Internal Server Error')
    })
  })
}

async function openClosing(
  { count, accept, everyMs }: Dial,
  { startedAt }: FeedOptions,
  expiresAt: number,
): Promise<void> {
  const socket = counting(await accept(), count)
  count.add('feedOpened')
  closeAtExpiry(socket, expiresAt)
  await feed(socket, count, startedAt, everyMs)
}

async function openInBand({ count, accept, everyMs }: Dial, { gate, settings, startedAt }: FeedOptions): Promise<void> {
  const socket = counting(await accept(), count)
  try {
    await authenticate(socket, {
      verify: (token) => verify(gate, socket, token),
      // by then a client has sent one by itself, if it does
      askAheadMs: settings.current.accessTokenSeconds * 200,
      onRenewed: () => count.add('feedRenewed'),
    })
  } catch {
    // it was closed, and counted
    return
  }
  count.add('feedOpened')
  await feed(socket, count, startedAt, everyMs)
}

async function verify(gate: Gate, socket: WebSocket, token: string): Promise<{ expiresAt: number; identity: string }> {
  const entry = await gate.enter(token)
  if (entry.status === 200) return { expiresAt: entry.grant.expiresAt, identity: entry.grant.accountId }
  if (entry.status === 403) socket.close(4403, 'denied')
  throw new Error(entry.error)
}

/** Counts why the server closes a socket: only it knows. */
function counting(socket: WebSocket, count: Counted): WebSocket {
  const close = socket.close.bind(socket)
  socket.close = (code, reason) => {
    if (socket.readyState !== socket.OPEN) return
    if (code === 4403) count.add('feedDenied')
    else if (code === 4401) count.add(reason === 'token_expired' ? 'feedExpired' : 'feedRefused')
    close(code, reason)
  }
  socket.on('error', () => {})
  return socket
}

/** Returns the token among the subprotocols. */
function tokenOffered({ headers }: IncomingMessage): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((one) => one.trim())
  return offered?.find((one) => one.startsWith(subprotocolPrefix))?.slice(subprotocolPrefix.length)
}

function refuse(stream: Duplex, status: string, challenge?: string): void {
  const lines = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0']
  if (challenge !== undefined) lines.push(`WWW-Authenticate: ${challenge}`)
  stream.end(`${lines.join('\r\n')}\r\n\r\n`)
}
