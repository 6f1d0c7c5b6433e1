/** A connection that is over, or could not be had: what broke it; nothing where the server ended it. */
export interface Loss {
  readonly cause?: unknown
  /** That of an answer which says to try later. */
  readonly status?: number
  /** How long the server asked to be left alone, in ms. */
  readonly retryAfterMs?: number | undefined
  /** An event was longer than it may be: another connection would bring it again. */
  readonly isTooLong?: boolean
}
