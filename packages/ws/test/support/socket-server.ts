import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { type WebSocket as ServerSocket, WebSocketServer } from 'ws'

/** One handshake, as the server got it. */
export interface Dial {
  readonly at: number
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly protocols: readonly string[]
  /** What of it was a token, wherever it stood. */
  readonly token: string | undefined
}

/** What becomes of a handshake: a status refuses it, undefined lets it through. */
export type Admit = (dial: Dial) => Refusal | undefined | void

export interface Refusal {
  /** 0 never answers. */
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A real WebSocket server on the loopback interface. */
export interface SocketServer extends AsyncDisposable {
  readonly origin: string
  readonly url: string
  readonly dials: readonly Dial[]
  /** What libraries take that bring a server of their own. */
  readonly pool: WebSocketServer
  /** Those that are open. */
  readonly sockets: ReadonlySet<ServerSocket>
  admit: Admit
  /** What happens on a connection. */
  serve: (socket: ServerSocket, dial: Dial) => void
  /** Cuts all connections and listens no more. */
  stop(): Promise<void>
  /** Listens again, at the same port. */
  start(): Promise<void>
}

/** Returns a server that takes everybody. */
export async function serveSockets(): Promise<SocketServer> {
  const dials: Dial[] = []
  const pool = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => [...protocols].find((name) => !name.startsWith('bearer.')) ?? false,
  })
  const streams = new Set<Duplex>()
  const http = createServer((_request, response) => response.writeHead(404).end())
  http.on('connection', (stream) => {
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
  })
  http.on('upgrade', (request, stream, head) => {
    stream.on('error', () => {})
    const dial = dialOf(request)
    dials.push(dial)
    const refusal = server.admit(dial)
    if (refusal === undefined) {
      pool.handleUpgrade(request, stream, head, (socket) => {
        socket.on('error', () => {})
        server.serve(socket, dial)
        pool.emit('connection', socket, request)
      })
    } else if (refusal.status > 0) stream.end(answerOf(refusal))
  })

  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      http.once('error', reject)
      http.listen(port, '127.0.0.1', () => {
        resolve()
      })
    })
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      http.close(() => {
        resolve()
      })
      for (const stream of streams) stream.destroy()
    })

  await listen(0)
  const { port } = http.address() as AddressInfo
  const server: SocketServer = {
    origin: `http://127.0.0.1:${port}`,
    url: `ws://127.0.0.1:${port}/feed`,
    dials,
    pool,
    sockets: pool.clients,
    admit() {},
    serve() {},
    stop,
    start: () => listen(port),
    [Symbol.asyncDispose]: stop,
  }
  return server
}

function dialOf(request: IncomingMessage): Dial {
  const { headers } = request
  const url = new URL(request.url ?? '/', 'ws://server')
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(/,\s*/).filter(Boolean)
  const cookie = /(?:^|;\s*)token=([^;]*)/.exec(headers.cookie ?? '')?.[1]
  const token =
    /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ??
    protocols.find((name) => name.startsWith('bearer.'))?.slice('bearer.'.length) ??
    cookie
  return { at: Date.now(), url: url.pathname + url.search, headers, protocols, token }
}

function answerOf({ status, headers = {}, body = '' }: Refusal): string {
  const lines = Object.entries({ connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers })
  return `HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
