import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { build, defaultClientConditions } from 'vite'

import type { PageConfig } from './page-config.ts'

/** A page of its own origin. */
export interface ServedPage {
  readonly origin: string
  /** What it is told from the next load on. */
  config: PageConfig | undefined
  close(): Promise<void>
}

let bundle: Promise<string> | undefined

/** Serves the page of `page.ts` on a free port of the loopback interface. */
export async function servePage(): Promise<ServedPage> {
  const script = await (bundle ??= bundled(fileURLToPath(new URL('page.ts', import.meta.url))))
  const page = { config: undefined as PageConfig | undefined }
  const server: Server = createServer(({ url = '/' }, answer) => {
    const { pathname } = new URL(url, 'http://page')
    const setUp = `globalThis.pageConfig = ${JSON.stringify(page.config)}`
    if (pathname === '/page.js') answer.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (pathname === '/favicon.ico') answer.writeHead(204).end()
    else {
      answer
        .writeHead(200, { 'content-type': 'text/html' })
        .end(`<!doctype html><title>app</title><script>${setUp}</script><script type=module src=/page.js></script>`)
    }
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return Object.assign(page, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  })
}

async function bundled(input: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@reauth/source', ...defaultClientConditions] },
    build: { write: false, minify: false, modulePreload: false, target: 'esnext', rolldownOptions: { input } },
  })
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ('output' in one ? one.output : []))
  const [chunk, ...rest] = outputs.filter((one) => one.type === 'chunk')
  if (chunk === undefined || rest.length > 0) throw new Error(`${input} has to become one chunk`)
  return chunk.code
}
