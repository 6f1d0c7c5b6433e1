import { type BackoffOptions, checkListed, type CredentialSource, resolveUrl } from '@reauth/core'

import { protocolList, socketUrl } from './destination.ts'
import type { Supplied } from './handshake.ts'
import type { HeartbeatOptions } from './liveness.ts'
import type { OutboxOptions } from './outbox.ts'
import type { Placement } from './placement.ts'
import { type ReconnectingSocket, SupervisedSocket } from './reconnecting-socket.ts'
import type { Transport } from './transport.ts'
import type { Classify } from './verdict.ts'

export interface SocketOptions {
  /** Where the credential goes. */
  placement: Placement
  /** Subprotocols of the application, or what gives them for each connection. */
  protocols?: Supplied<string | readonly string[]>
  /**
   * Says what the end of a connection means; undefined leaves it to the rules: 401, 4401 and 3000 refuse the credential,
   * 403, 4403 and 3003 deny, everything else is worth another try.
   */
  classify?: Classify
  /**
   * A URL that takes the credential over HTTP and answers 401 or 403. It is asked once where the platform hides why a
   * handshake fails again and again; without it, the credential is renewed once.
   */
  probe?: string | URL
  /**
   * Whether a connection whose credential gets old is kept until the next one is there. Without it, and with a placement
   * that cannot repeat, it is closed first.
   *
   * @default false
   */
  overlap?: boolean
  /** What may wait for a connection. More makes `send` throw. */
  outbox?: OutboxOptions
  /** How long to wait after a failure. With 0 and 0 nothing waits, and nothing is spread. */
  backoff?: Pick<BackoffOptions, 'minMs' | 'maxMs'>
  /** How to find out that a connection is dead. In a browser it needs a `message`. */
  heartbeat?: HeartbeatOptions
  /**
   * Whether to connect where nobody is signed in, without a credential.
   *
   * @default false
   */
  anonymous?: boolean
  /**
   * Whether a page that is out of sight waits with connecting anew.
   *
   * @default false
   */
  pauseWhenHidden?: boolean
}

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
