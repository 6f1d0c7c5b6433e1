import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** An HTTP server on loopback, and how to end it. */
export interface Listening {
  readonly server: Server
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  /** Cuts every connection, stays away for a while, and comes back on the same port. Resolves with how many were cut. */
  restart(downMs: number): Promise<number>
  close(): Promise<void>
}

/** Opens a server on loopback only. Tries `port`, then the ones after it; 0 takes any that is free. */
export async function listen(port: number): Promise<Listening> {
  const last = port === 0 ? 0 : port + 20
  for (let candidate = port; ; candidate++) {
    const server = createServer()
    const sockets = trackSockets(server)
    try {
      await open(server, candidate)
      return listening(server, sockets)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || candidate >= last) throw error
    }
  }
}

function listening(server: Server, sockets: ReadonlySet<Socket>): Listening {
  const { port } = server.address() as AddressInfo
  const life = new AbortController()
  let restarting: Promise<number> | undefined

  /** Upgraded sockets, too, which the server itself has forgotten. */
  function cut(): number {
    const { size } = sockets
    for (const socket of sockets) socket.destroy()
    return size
  }

  async function restart(downMs: number): Promise<number> {
    server.close()
    const count = cut()
    await sleep(downMs, undefined, { signal: life.signal }).catch(() => {})
    if (!life.signal.aborted) await open(server, port)
    return count
  }

  return {
    server,
    origin: `http://127.0.0.1:${port}`,
    restart(downMs) {
      restarting ??= restart(downMs).finally(() => {
        restarting = undefined
      })
      return restarting
    },
    async close() {
      life.abort()
      await restarting
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        cut()
      })
    },
  }
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

const open = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
