import type { CredentialSource } from '@reauth/core'

import { socketClass, type WebSocketClassOptions } from './socket-class.ts'
import { webTransport } from './transport.ts'

/**
 * Returns a class to give to other clients as their `WebSocket`. Each socket connects once, with the session's
 * credential, renewing a refused one before it tells. An open one that is refused closes with 1012, after which such
 * clients connect anew; 4401 and 4403 say that no other try would help.
 */
export function createWebSocketClass(source: CredentialSource, options: WebSocketClassOptions = {}): typeof WebSocket {
  return socketClass(source, options, webTransport())
}
