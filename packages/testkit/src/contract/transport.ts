import type { CredentialSource } from '@reauth/core'

import type { Clock } from '../clock.ts'
import type { Issuer } from '../issuer.ts'

/**
 * What came of one use, where the transport does not throw: it worked; the caller was given a 401-like answer as it is;
 * the caller was given a 403-like answer as it is. A `PermissionDeniedError` that is thrown counts as `denied`.
 */
export type UseResult = 'ok' | 'refused' | 'denied'

/** A transport under test, reduced to the verbs that all of them have. */
export interface Transport {
  /**
   * Uses a protected URL once, as an application does: one call; one socket, until it is authenticated; one stream, until
   * its first event; one media item, until it can play. Rejects with what the transport tells its caller, untouched.
   *
   * `signal` is the caller's own: whatever this transport has for giving up (a signal, `close()`), the signal does it.
   */
  use(url: string, options?: { signal?: AbortSignal }): Promise<UseResult>
  /** Ends whatever uses have left open. */
  close?(): void | Promise<void>
}

/** What a transport is made for: once for each promise. */
export interface TransportContext {
  /** A session that is signed in at the issuer. */
  readonly source: CredentialSource
  /**
   * Send through its `fetch`; a server of yours hands each request to its `api` and passes the answer on. Only what goes
   * through it is counted, and only there faults strike.
   */
  readonly issuer: Issuer
  /** The session's clock. It stands still but for jumps: a transport that waits for it waits for ever. */
  readonly clock: Clock
}

/** Returns the transport to test. */
export type MakeTransport = (context: TransportContext) => Transport | Promise<Transport>
