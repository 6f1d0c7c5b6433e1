import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { build, defaultClientConditions } from 'vite'

import type { PageConfig } from './page.ts'

let bundle: Promise<string> | undefined

/** Serves the page of `page.ts`, and another one to go to, on a free port of the loopback interface. */
export async function servePage(config: PageConfig): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const script = await (bundle ??= bundled(fileURLToPath(new URL('page.ts', import.meta.url))))
  const html = `<!doctype html><title>app</title><script>globalThis.pageConfig = ${JSON.stringify(config)}</script>`
  const server = createServer(({ url }, answer) => {
    if (url === '/page.js') answer.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (url === '/favicon.ico') answer.writeHead(204).end()
    else if (url === '/elsewhere') answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
    else answer.writeHead(200, { 'content-type': 'text/html' }).end(`${html}<script type=module src=/page.js></script>`)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
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
