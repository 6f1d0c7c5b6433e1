import type { CredentialSource } from '@reauth/core'

import { connectSocket } from './connect-socket.ts'
import type { SocketOptions } from './socket-options.ts'
import type { Supplied } from './handshake.ts'
import type { ReconnectingSocket } from './reconnecting-socket.ts'
import { webTransport } from './transport.ts'

export interface WebSocketOptions extends SocketOptions {
  /**
   * What connects.
   *
   * @default the global one of the moment
   */
  WebSocket?: typeof globalThis.WebSocket
}

/**
 * Returns a WebSocket that connects with the session's credential, and anew whenever a connection is lost: with a fresh
 * credential each time, at most one refresh for a refused one, and a wait that grows. Signed out, it waits for a sign-in.
 *
 * Throws as the constructor of WebSocket does, and a `TypeError` for an origin that is not listed.
 */
export function createWebSocket(
  source: CredentialSource,
  url: Supplied<string | URL>,
  options: WebSocketOptions,
): ReconnectingSocket {
  return connectSocket(source, url, options, webTransport(options.WebSocket))
}
