import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'

import { createServer, type Plugin } from 'vite'

/** The page's files, built on the fly. */
export interface PageServer {
  handle(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

interface PageServerOptions {
  /** Carries Vite's own socket: one port for everything. */
  server: Server
  /** Go into the page as `<meta>`, so that it knows its issuer before any request. */
  facts: Readonly<Record<string, string>>
  /** Whether an edited file reaches the open page. */
  watch: boolean
}

/** Creates Vite, as a handler in somebody else's server. */
export async function createPageServer({ server, facts, watch }: PageServerOptions): Promise<PageServer> {
  const factsInHead: Plugin = {
    name: 'demo-facts',
    transformIndexHtml: () =>
      Object.entries(facts).map(([name, content]) => ({ tag: 'meta', attrs: { name: `demo:${name}`, content } })),
  }
  const vite = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    appType: 'spa',
    // a test run must not rebuild what a demo in the next terminal is serving
    cacheDir: `node_modules/.vite/${env['NODE_ENV'] ?? 'development'}`,
    plugins: [factsInHead],
    server: { middlewareMode: true, hmr: { server }, ...(!watch && { watch: null }) },
  })
  return { handle: vite.middlewares, close: () => vite.close() }
}
