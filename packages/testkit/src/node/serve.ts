import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Issuer } from '../issuer.ts'
import { allowOrigin } from './cors.ts'

/** Where to listen, and as whom. */
export interface ServeOptions {
  /** @default a free one */
  port?: number
  /**
   * Which origin the issuer shall take the requests to be for. Another one than its own makes this server a stranger, to
   * whom no token may go.
   *
   * @default the issuer's own
   */
  as?: string
}

/** A server on the loopback interface. */
export interface Served extends AsyncDisposable {
  /** Where it listens, as in `http://127.0.0.1:53211`. */
  readonly origin: string
  /** Stops it, and cuts every connection. */
  close(): Promise<void>
}

/**
 * Puts an issuer behind real HTTP on 127.0.0.1. What is a network error there cuts the connection here, and a client
 * that hangs up aborts the request. Pages of any origin may call it, with cookies.
 */
export async function serve(issuer: Pick<Issuer, 'fetch' | 'origin'>, options: ServeOptions = {}): Promise<Served> {
  const { port = 0, as = issuer.origin } = options
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, (request) => issuer.fetch(request), as).catch(() => {
      outgoing.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  }
  const { port: actual } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${actual}`, close, [Symbol.asyncDispose]: close }
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: (request: Request) => Promise<Response>,
  origin: string,
): Promise<void> {
  allowOrigin(incoming, outgoing)
  if (incoming.method === 'OPTIONS') {
    outgoing.writeHead(204).end()
    return
  }
  const hungUp = new AbortController()
  outgoing.once('close', () => {
    hungUp.abort(new Error('The client hung up'))
  })
  const response = await handle(await requestOf(incoming, origin, hungUp.signal))
  const cookies = response.headers.getSetCookie()
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.writeHead(response.status).end(new Uint8Array(await response.arrayBuffer()))
}

async function requestOf(incoming: IncomingMessage, origin: string, signal: AbortSignal): Promise<Request> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const url = new URL(incoming.url ?? '/', origin)
  return new Request(url, { method, headers, signal, ...(hasBody && { body: Buffer.concat(chunks) }) })
}
