import type { Disposer } from './disposer.ts'
import type { AuthenticationError } from './errors.ts'
import type { OriginMatcher } from './origins.ts'
import type { AdapterTrace } from './trace.ts'

/**
 * What goes on the wire. Immutable. `epoch` counts sign-ins and sign-outs, `version` token sets; both only grow, so that
 * any two credentials of a session can be compared.
 */
export interface Credential {
  readonly epoch: number
  readonly version: number
  /** Absent where the browser holds a cookie. */
  readonly accessToken?: string
  /** The scheme of the `Authorization` header: `Bearer` unless the issuer said otherwise. */
  readonly tokenType: string
  /** When it lapses, in epoch ms by this machine's clock; absent where the issuer did not say. */
  readonly expiresAt?: number
  /** Whose it is, as the session's `identity` option tells. */
  readonly identity?: string
}

export interface AcquireOptions {
  /** A server refused this one: the answer is a newer one of the same epoch, at once if there is one already. */
  refused?: Credential | undefined
  /**
   * It was the second try of one request: rejects with reason `refused`, and for 60 s nobody refreshes because of that
   * version again.
   */
  final?: boolean | undefined
  /**
   * How long the credential must live, in ms; never less than the session's leeway, never more than a third of the
   * token's lifetime.
   */
  minValidityMs?: number | undefined
  /** Ends this caller's wait, with the signal's reason; a refresh that others share goes on. */
  signal?: AbortSignal | undefined
}

export interface HoldOptions {
  /**
   * How long before it lapses a credential is refreshed, in ms; capped at a third of the token's lifetime. The largest
   * of those that hold counts.
   *
   * @default 300_000
   */
  refreshAheadMs?: number | undefined
  /** Called once for each version that comes, not for the one that is there. */
  onCredential?: ((credential: Credential) => void) | undefined
  /** Called once when the session leaves active, and again should it do so after it came back. */
  onEnd?: ((error: AuthenticationError) => void) | undefined
}

/** The port of an adapter: ask for a credential, send it, say when a server refused it. */
export interface CredentialSource {
  /** Where a credential may go. Adapters leave every other origin alone. */
  readonly origins: OriginMatcher
  /**
   * Returns a credential fit to send now; refreshes first, once for everybody, if it must.
   *
   * Rejects with `AuthenticationError` (sign in), `RefreshError` (try later) or the signal's reason.
   */
  acquire(options?: AcquireOptions): Promise<Credential>
  /**
   * Keeps the credential fresh for what lives long, until disposed. It belongs to one sign-in: after another one it is
   * over, while a session that comes back in the same epoch goes on.
   */
  hold(options?: HoldOptions): Disposer
  /** Aborted with the `AuthenticationError` when the session leaves active; a new one for each active period. */
  readonly signal: AbortSignal
  /** Where an adapter tells what it did; absent where nobody listens. */
  readonly trace?: AdapterTrace | undefined
}
