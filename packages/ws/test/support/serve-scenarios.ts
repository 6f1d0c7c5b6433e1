import type { SocketServer } from './socket-server.ts'

/** Serves what the scenarios ask for by the path of their address. */
export function serveScenarios(server: SocketServer): void {
  server.serve = (socket, { url }) => {
    const { pathname, searchParams } = new URL(url, 'ws://server')
    const code = searchParams.get('code')
    if (pathname === '/close') {
      if (code === null) socket.close()
      else socket.close(Number(code), searchParams.get('reason') ?? '')
    } else if (pathname === '/flood') {
      for (let count = 0; count < 100; count++) socket.send(String(count))
    } else {
      socket.on('message', (data, isBinary) => {
        socket.send(data, { binary: isBinary })
      })
    }
  }
}
