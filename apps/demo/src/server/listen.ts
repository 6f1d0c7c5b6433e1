import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server on loopback, and how to end it. */
export interface Listening {
  readonly server: Server
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  close(): Promise<void>
}

/** Opens a server on loopback only. Tries `port`, then the ones after it; 0 takes any that is free. */
export async function listen(port: number): Promise<Listening> {
  const last = port === 0 ? 0 : port + 20
  for (let candidate = port; ; candidate++) {
    const server = createServer()
    try {
      await open(server, candidate)
      return {
        server,
        origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => close(server),
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || candidate >= last) throw error
    }
  }
}

const open = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
