/**
 * Why a stream cannot go on. `interrupted`: it broke off and is not to be sent again, as a POST; `status`: an answer that
 * waiting will not mend; `content-type`: no event stream; `too-long`: an event longer than `maxEventBytes`.
 */
export type StreamFailure = 'interrupted' | 'status' | 'content-type' | 'too-long'

export interface StreamErrorOptions {
  reason: StreamFailure
  status?: number | undefined
  retryAfterMs?: number | undefined
  lastEventId?: string | undefined
  cause?: unknown
}

/** A stream cannot go on, and no credential will help. */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  declare readonly reason: StreamFailure
  /** That of the answer, where there was one. */
  declare readonly status?: number
  /** How long the server asked to be left alone, in ms (`Retry-After`). */
  declare readonly retryAfterMs?: number
  /** Where it stopped: the last id that came; empty where none did. */
  declare readonly lastEventId: string

  constructor(message: string, { cause, ...told }: StreamErrorOptions) {
    super(message, { cause })
    Object.assign(this, { lastEventId: '' }, told)
  }
}
