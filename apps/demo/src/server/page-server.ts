import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'

import { createServer, type Plugin } from 'vite'

/** The page's files, built on the fly. */
export interface PageServer {
  handle(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/** Creates Vite inside `server`, one port for both. `facts` go into the page as `<meta>`, so that it knows its issuer before any request. */
export async function createPageServer(server: Server, facts: Readonly<Record<string, string>>): Promise<PageServer> {
  const factsInHead: Plugin = {
    name: 'demo-facts',
    transformIndexHtml: () =>
      Object.entries(facts).map(([name, content]) => ({ tag: 'meta', attrs: { name: `demo:${name}`, content } })),
  }
  const vite = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    appType: 'spa',
    plugins: [factsInHead],
    server: { middlewareMode: true, hmr: { server } },
  })
  return { handle: vite.middlewares, close: () => vite.close() }
}
