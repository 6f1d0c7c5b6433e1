import type { IncomingMessage, ServerResponse } from 'node:http'

import { createAdmin } from './admin.ts'
import { createApi } from './api.ts'
import { type Counters, createTally } from './counters.ts'
import { createInteraction } from './interaction.ts'
import { clientId, createIssuer, type Issued } from './issuer.ts'
import { createIssuerStore } from './issuer-store.ts'
import { listen } from './listen.ts'
import { createPageServer } from './page-server.ts'

export interface DemoOptions {
  /** Port of the page. Taken ports are skipped; 0 takes any that is free. @default 0 */
  port?: number
  /** Lifetime of an access token. @default 20 */
  accessTokenSeconds?: number
  /** Whether an edited file reaches the open page. @default false */
  watch?: boolean
  /** Hears of every code and token the issuer hands out. For tests that look for leaks. */
  onIssued?: (issued: Issued) => void
}

/** The running demo. */
export interface Demo {
  /** Address of the page. */
  readonly url: string
  /** Address of the authorization server. */
  readonly issuer: string
  /** What both servers saw so far. */
  readonly counters: Counters
  close(): Promise<void>
}

/** Starts the page, its API and the authorization server, on loopback, in this process. */
export async function startDemo({
  port = 0,
  accessTokenSeconds = 20,
  watch = false,
  onIssued,
}: DemoOptions = {}): Promise<Demo> {
  const [page, issuer] = await Promise.all([listen(port), listen(0)])
  const store = createIssuerStore()
  const tally = createTally()
  const provider = createIssuer({
    url: issuer.origin,
    pageOrigin: page.origin,
    accessTokenSeconds,
    store,
    tally,
    onIssued,
  })
  const oidc = provider.callback()
  const interaction = createInteraction(provider)
  const api = createApi(provider, tally)
  const admin = createAdmin(store, tally, page.origin)
  const files = await createPageServer({
    server: page.server,
    facts: { issuer: issuer.origin, client: clientId },
    watch,
  })

  issuer.server.on('request', (request, response) => {
    const path = pathOf(request)
    if (request.method === 'POST' && path === '/token') tally.count('tokenPosts')
    if (path.startsWith('/interaction/')) void interaction(request, response)
    else void oidc(request, response)
  })
  page.server.on('request', (request, response) => {
    if (!isAtHome(request, response, page.origin)) return
    const path = pathOf(request)
    if (path.startsWith('/api/')) void api(request, response, path)
    else if (path.startsWith('/admin/')) admin(request, response, path)
    else files.handle(request, response)
  })

  return {
    url: `${page.origin}/`,
    issuer: issuer.origin,
    get counters() {
      return tally.counters
    },
    async close() {
      await files.close()
      await Promise.all([page.close(), issuer.close()])
    },
  }
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').replace(/\?.*$/s, '')

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
