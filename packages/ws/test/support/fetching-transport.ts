import type { Transport } from '../../src/transport.ts'
import { FakeSocket } from './fake-web-socket.ts'

/** Opens connections by a `fetch`: what is answered 200 is open, anything else is a handshake that was refused. */
export function fetchingTransport(fetch: typeof globalThis.fetch): Transport {
  return {
    seesHandshake: true,
    open({ url, headers }, refused) {
      const socket = new FakeSocket(url)
      const gone = new AbortController()
      socket.addEventListener('close', () => {
        gone.abort()
      })
      fetch(url.replace(/^ws/, 'http'), { headers, signal: gone.signal }).then(
        async (response) => {
          const body = await response.text()
          if (response.ok) socket.open()
          else refused({ status: response.status, headers: response.headers, body })
        },
        () => {
          socket.cut()
        },
      )
      return socket as unknown as WebSocket
    },
  }
}
