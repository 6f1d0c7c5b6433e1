import { checkListed, type CredentialSource, resolveUrl } from '@reauth/core'

import { createFeed, type ServerSentEvent } from './feed.ts'
import { type EventStream, iterate } from './event-stream.ts'
import type { StreamOptions } from './stream-options.ts'

/** Opens streams with a session's credential. */
export interface OpenStream {
  /**
   * Returns the events of a URL. It connects when the first one is asked for, and reads no further while nobody asks.
   * Leaving the loop closes it.
   *
   * Throws a `TypeError` for an address that the session's credential may not go to, and for a GET that cannot be sent,
   * as with a body. Iterating rejects with `AuthenticationError`, `PermissionDeniedError`, `RefreshError`, `StreamError`,
   * or the reason of `init.signal`.
   */
  (url: string | URL, init?: RequestInit | null): EventStream
  /** Calls back for each event, which is the fastest way. Resolves at the end of the stream; rejects as iterating does. */
  each(
    url: string | URL,
    init: RequestInit | null | undefined,
    onEvent: (event: ServerSentEvent) => void,
  ): Promise<void>
}

/**
 * Returns what opens streams of server-sent events. A GET goes on over any number of connections, each from the last id
 * that came; whatever else is sent once, and ends with its answer.
 */
export function createStream(source: CredentialSource, options: StreamOptions = {}): OpenStream {
  const open = (url: string | URL, init?: RequestInit | null): EventStream => {
    const destination = checkListed(source, resolveUrl(url))
    return iterate((listener) => createFeed(source, options, destination, init, listener))
  }
  return Object.assign(open, {
    async each(url: string | URL, init: RequestInit | null | undefined, onEvent: (event: ServerSentEvent) => void) {
      await createFeed(source, options, checkListed(source, resolveUrl(url)), init, { onEvent }).read()
    },
  })
}
