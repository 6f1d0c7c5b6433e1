import type { StreamOptions } from './stream-options.ts'

/** What a stream asks for, whoever asks. */
export interface Target {
  readonly url: URL
  readonly init: RequestInit
  readonly options: StreamOptions
  /** Ends whatever is under way. */
  readonly signal: AbortSignal
  /** Where the stream is by now. */
  readonly lastEventId: string
  /** Where its caller had it begin, in a header of their own. */
  readonly firstEventId: string
}
