import type { CredentialSource } from '@reauth/core'

import { connectSocket } from './connect-socket.ts'
import type { SocketOptions } from './socket-options.ts'
import type { Supplied } from './handshake.ts'
import { nodeTransport } from './node-transport.ts'
import type { ReconnectingSocket } from './reconnecting-socket.ts'
import { socketClass, type WebSocketClassOptions } from './socket-class.ts'

/** The same as that of `@reauth/ws`, over `ws`: it can send headers, and it sees how a handshake is answered. */
export function createWebSocket(
  source: CredentialSource,
  url: Supplied<string | URL>,
  options: SocketOptions,
): ReconnectingSocket {
  return connectSocket(source, url, options, nodeTransport)
}

/** The same as that of `@reauth/ws`, over `ws`. A third argument of its sockets may have `headers`. */
export function createWebSocketClass(source: CredentialSource, options: WebSocketClassOptions = {}): typeof WebSocket {
  return socketClass(source, options, nodeTransport)
}
