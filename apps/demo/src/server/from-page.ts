import type { IncomingMessage, ServerResponse } from 'node:http'

/** Browsers set both headers and no page can forge them: another site cannot press these buttons. */
export function isFromPage(request: IncomingMessage, pageOrigin: string): boolean {
  return request.headers.origin === pageOrigin || request.headers['sec-fetch-site'] === 'same-origin'
}

/** Lets the page read the answers of another origin, with cookies. Returns true for a preflight, which it answers. */
export function letPageIn(request: IncomingMessage, response: ServerResponse, pageOrigin: string): boolean {
  response.setHeader('vary', 'origin')
  if (request.headers.origin !== pageOrigin) return false
  response.setHeader('access-control-allow-origin', pageOrigin)
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('access-control-expose-headers', 'www-authenticate, retry-after, content-range, accept-ranges')
  if (request.method !== 'OPTIONS') return false
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'authorization, content-type, cache-control, last-event-id, range',
    'access-control-max-age': '600',
  })
  response.end()
  return true
}
