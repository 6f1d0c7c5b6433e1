import type { Verdict } from '@reauth/core'

export interface StreamOptions {
  /**
   * What sends.
   *
   * @default the global fetch of the moment
   */
  fetch?: typeof fetch
  /**
   * How long a credential must live when a stream opens, in ms, and how long before its end it is refreshed while the
   * stream is open; capped at a third of the token's lifetime.
   *
   * @default 300_000
   */
  minValidityMs?: number
  /**
   * Whether a GET with a new credential opens the next connection before it lets go of the old one. For streams whose
   * events all have ids: by these it is told what came twice.
   *
   * @default false
   */
  handover?: boolean
  /**
   * The longest silence, in ms, before a connection counts as lost; comments break it. Counted while there is something
   * to wait for: an answer, or more of it.
   *
   * @default no limit
   */
  heartbeatMs?: number
  /**
   * The longest event, in characters; a longer one is a `StreamError`.
   *
   * @default 4_194_304
   */
  maxEventBytes?: number
  /** Says what an answer means where the status does not; undefined leaves it to the rules (401 is a refusal). */
  classify?: (response: Response) => Verdict | undefined
  /**
   * Whether a stream goes without a credential where nobody is signed in, instead of waiting for a sign-in.
   *
   * @default false
   */
  anonymous?: boolean
  /**
   * Whether streams live on when the session ends. Their next connection still has to be of the same sign-in.
   *
   * @default false
   */
  outliveSession?: boolean
}
