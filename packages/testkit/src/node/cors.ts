import type { IncomingMessage, ServerResponse } from 'node:http'

/** Lets a page of any origin call with credentials and read what a client of tokens has to read. For tests only. */
export function allowOrigin(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { origin } = incoming.headers
  if (origin === undefined) return
  outgoing.setHeader('access-control-allow-origin', origin)
  outgoing.setHeader('access-control-allow-credentials', 'true')
  outgoing.setHeader('access-control-expose-headers', 'www-authenticate, retry-after')
  outgoing.setHeader('access-control-allow-methods', incoming.headers['access-control-request-method'] ?? 'GET')
  const headers = incoming.headers['access-control-request-headers']
  if (headers !== undefined) outgoing.setHeader('access-control-allow-headers', headers)
  outgoing.setHeader('vary', 'origin')
}
