import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Listening } from './listen.ts'
import { BadRequest } from './read-json.ts'
import { json } from './respond.ts'

/** Answers a request. What it throws is a 400 for a `BadRequest`, else a 500. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>

/** Lets a handler answer what comes to a server under its own name. */
export function serve({ server, origin }: Listening, handle: Handler): void {
  server.on('request', (request, response) => {
    if (!isAtHome(request, response, origin)) return
    void (async () => {
      try {
        await handle(request, response, new URL(`${origin}${request.url}`))
      } catch (error) {
        fail(response, error)
      }
    })()
  })
}

/** One name only: `localhost` is another origin to the browser, and a foreign name is DNS rebinding. */
function isAtHome(request: IncomingMessage, response: ServerResponse, origin: string): boolean {
  response.setHeader('x-frame-options', 'DENY')
  response.setHeader('referrer-policy', 'no-referrer')
  const host = request.headers.host ?? ''
  if (`http://${host}` === origin) return true
  if (/^localhost:\d+$/.test(host)) response.writeHead(307, { location: `${origin}/` }).end()
  else response.writeHead(421).end()
  return false
}

function fail(response: ServerResponse, error: unknown): void {
  // Who has gone away needs no answer; what has begun cannot become another.
  if (response.headersSent || response.req.socket.destroyed) response.destroy()
  else if (error instanceof BadRequest) json(response, 400, { error: error.message })
  else {
    console.error(error)
    json(response, 500, { error: 'server_error' })
  }
}
