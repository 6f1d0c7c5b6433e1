import { createParser, type EventSourceMessage } from 'eventsource-parser'

import type { Loss } from './loss.ts'
import { heard, type Sent } from './request.ts'
import type { StreamOptions } from './stream-options.ts'

/** Takes what is read: the id of each block first, then its event. */
export interface Sink {
  id(id: string): void
  event(event: EventSourceMessage): void
  retry(ms: number): void
}

/** One answer, read as events. */
export interface Connection {
  /** Reads until enough has come, or the connection is over. One call at a time. Rejects with what a sink throws. */
  read(isEnough: () => boolean): Promise<Loss | undefined>
  close(): void
}

/** What a sink throws for an event that is longer than it may be. */
export const tooLong: unique symbol = Symbol('too long')

/** Reads the body of an answer into a sink. */
export function readEvents(
  { response, request }: Sent,
  sink: Sink,
  { heartbeatMs, maxEventBytes = 4_194_304 }: StreamOptions,
): Connection {
  const reader = response?.body?.getReader()
  const decoder = new TextDecoder()
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onId: sink.id,
    onEvent: sink.event,
    onRetry: sink.retry,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw tooLong
    },
  })
  // The decoder strips a byte order mark, and the parser would strip another one.
  parser.feed('\u{FEFF}')

  return {
    async read(isEnough) {
      do {
        // What can be had comes first.
        if (isTooLong) return { isTooLong }
        let chunk: Uint8Array | undefined
        try {
          chunk = (await (reader && heard(heartbeatMs, request, reader.read())))?.value
        } catch (cause) {
          return { cause }
        }
        if (chunk === undefined) return {}
        try {
          parser.feed(decoder.decode(chunk, { stream: true }))
        } catch (error) {
          if (error !== tooLong) throw error
          isTooLong = true
        }
      } while (!isEnough())
      return undefined
    },
    close() {
      request.abort()
      // The caller's fetch may heed no signal.
      reader?.cancel().catch(() => {})
    },
  }
}
