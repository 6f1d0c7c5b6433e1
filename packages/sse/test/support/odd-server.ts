import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { oddStreams } from './odd-streams.ts'

/** Serves `/odd/<number>/<run>`, each once, and then 204 to each run. */
export interface OddServer extends AsyncDisposable {
  readonly origin: string
  /** The `Last-Event-ID` of each second request, by its path. */
  readonly next: ReadonlyMap<string, string | undefined>
}

export async function serveOddStreams(page?: string): Promise<OddServer> {
  const next = new Map<string, string | undefined>()
  const begun = new Set<string>()
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '/'
    const [, kind, number] = path.split('/')
    if (path === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(page)
    else if (kind !== 'odd') {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><script type=module src=/page.js></script>')
    } else if (begun.has(path)) {
      const id = incoming.headers['last-event-id']
      next.set(path, id === undefined ? undefined : Buffer.from(String(id), 'latin1').toString())
      response.writeHead(204).end()
    } else {
      begun.add(path)
      void send(Number(number))
    }

    async function send(index: number): Promise<void> {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const piece of oddStreams[index]?.pieces ?? []) {
        response.write(typeof piece === 'string' ? piece : new Uint8Array(piece))
        // oxlint-disable-next-line no-await-in-loop -- each goes by itself
        await setImmediate()
      }
      response.end()
    }
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
