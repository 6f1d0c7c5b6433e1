import { checkListed, type CredentialSource, resolveUrl } from '@reauth/core'

import { protocolList, socketUrl } from './destination.ts'
import type { Supplied } from './handshake.ts'
import type { Placement } from './placement.ts'
import { type ReconnectingSocket, SupervisedSocket } from './reconnecting-socket.ts'
import type { SocketOptions } from './socket-options.ts'
import type { Transport } from './transport.ts'

/** Creates a socket over a transport. Throws as the constructor of WebSocket, and a `TypeError` for what cannot work. */
export function connectSocket(
  source: CredentialSource,
  url: Supplied<string | URL>,
  options: SocketOptions,
  transport: Transport,
): ReconnectingSocket {
  const { placement, protocols, probe } = options
  checkPlacement(placement, transport)
  return new SupervisedSocket({
    ...options,
    source,
    transport,
    probe: probe === undefined ? undefined : checkListed(source, resolveUrl(probe)),
    url: typeof url === 'function' ? url : checkListed(source, socketUrl(url)),
    protocols: typeof protocols === 'function' ? protocols : protocolList(protocols),
  }) as ReconnectingSocket
}

/** Throws a `TypeError` for a placement that is none, or that the platform cannot serve. */
export function checkPlacement(placement: Placement | undefined, { seesHandshake }: Transport): void {
  if (placement === undefined) {
    throw new TypeError('Give a placement: firstMessage(), subprotocol(), ticket() or cookie()')
  }
  if (placement.needsHeaders === true && !seesHandshake) {
    throw new TypeError('No browser lets a script set headers; take @reauth/ws/node, or another placement')
  }
}
