import type { ServerResponse } from 'node:http'

type Headers = Record<string, string | string[]>

/** Answers with JSON that nobody caches. */
export function json(response: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(JSON.stringify(body))
}

/** Answers with nothing. */
export function empty(response: ServerResponse, headers: Headers = {}): void {
  response.writeHead(204, { 'cache-control': 'no-store', ...headers }).end()
}

/** Sends a browser elsewhere. */
export function redirect(response: ServerResponse, location: string, headers: Headers = {}): void {
  response.writeHead(303, { location, 'cache-control': 'no-store', ...headers }).end()
}

/** Answers with a page that runs no script and fits into no frame. */
export function html(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
  })
  response.end(body)
}

/** Starts an event stream; what comes is written to the response. */
export function eventStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
}
