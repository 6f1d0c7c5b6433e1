import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Serves one page and its script on a free port of the loopback interface; `/elsewhere` is a page without it. */
export interface PageServer {
  readonly origin: string
  close(): Promise<void>
}

export async function servePage(script: string, config: object): Promise<PageServer> {
  const setUp = `globalThis.tabsConfig = ${JSON.stringify(config)}`
  const documents = new Map([
    [
      '/',
      [
        'text/html',
        `<!doctype html><title>tab</title><script>${setUp}</script><script type=module src=/page.js></script>`,
      ],
    ],
    ['/page.js', ['text/javascript', script]],
    ['/elsewhere', ['text/html', '<!doctype html><title>elsewhere</title>']],
  ])
  const server = createServer(({ url = '/' }, answer) => {
    const [type, body] = documents.get(url) ?? []
    if (type === undefined) answer.writeHead(404).end()
    // `no-store` would keep the page out of the back/forward cache.
    else answer.writeHead(200, { 'content-type': `${type};charset=utf-8` }).end(body)
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
