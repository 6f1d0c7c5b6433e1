import type { BackoffOptions } from '@reauth/core'

import type { Supplied } from './handshake.ts'
import type { HeartbeatOptions } from './liveness.ts'
import type { OutboxOptions } from './outbox.ts'
import type { Placement } from './placement.ts'
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
