import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Tally } from './counters.ts'
import type { IssuerStore } from './issuer-store.ts'
import { json } from './respond.ts'

/** What the demo's buttons may do to the issuer. */
const revocations: Readonly<Record<string, string>> = {
  '/admin/revoke-access-token': 'AccessToken',
  '/admin/revoke-refresh-token': 'RefreshToken',
}

/** Creates the surface behind the demo's buttons: it revokes the tokens of everybody who is signed in, and streams the counters. */
export function createAdmin(
  store: IssuerStore,
  tally: Tally,
  pageOrigin: string,
): (request: IncomingMessage, response: ServerResponse, path: string) => void {
  return (request, response, path) => {
    if (!isFromPage(request, pageOrigin)) return json(response, 403, { error: 'only the demo page may ask' })
    const model = revocations[path]
    if (request.method === 'POST' && model !== undefined)
      return json(response, 200, { revoked: store.destroyAll(model) })
    if (request.method === 'GET' && path === '/admin/counters') return streamCounters(response, tally)
    json(response, 404, { error: 'not_found' })
  }
}

/** Browsers set both headers and no page can forge them: another site cannot press these buttons. */
function isFromPage(request: IncomingMessage, pageOrigin: string): boolean {
  return request.headers.origin === pageOrigin || request.headers['sec-fetch-site'] === 'same-origin'
}

function streamCounters(response: ServerResponse, tally: Tally): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const write = (): void => {
    response.write(`data: ${JSON.stringify(tally.counters)}\n\n`)
  }
  write()
  response.once('close', tally.watch(write))
}
