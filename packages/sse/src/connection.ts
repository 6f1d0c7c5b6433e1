import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { brokenOff, type Failure } from './answer.ts'
import { heard, type Sent } from './request.ts'
import { StreamError } from './stream-error.ts'
import type { Target } from './target.ts'

/** Takes what is read: the id of each block first, then its event. */
export interface Sink {
  id(id: string): void
  event(event: EventSourceMessage): void
  retry(ms: number): void
}

/** How a connection ended: the server ended it, or it broke off. */
export type Ending = 'over' | Failure

/** One answer, read as events. */
export interface Connection {
  /** Reads until enough has come; returns how it ended, if it did. One call at a time. Rejects with what a sink throws. */
  read(isEnough: () => boolean): Promise<Ending | undefined>
  close(): void
}

const tooLong = Symbol('too long')

/** Reads the body of an answer into a sink. */
export function readEvents({ response, request }: Sent, sink: Sink, target: Target): Connection {
  const reader = response?.body?.getReader()
  const decoder = new TextDecoder()
  let isTooLong = false
  const { maxEventBytes = 4_194_304 } = target.options
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onId: sink.id,
    onEvent(event) {
      // What comes in one piece is never buffered.
      if (event.data.length > maxEventBytes) throw tooLong
      sink.event(event)
    },
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
        if (isTooLong) {
          const message = 'An event is longer than maxEventBytes; raise it, or have it sent in parts'
          const error = new StreamError(message, { reason: 'too-long', lastEventId: target.lastEventId })
          return { error, is: 'final' }
        }
        let chunk: Uint8Array | undefined
        try {
          chunk = (await (reader && heard(target.options, request, reader.read())))?.value
        } catch (cause) {
          return brokenOff(target, cause)
        }
        if (chunk === undefined) return 'over'
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
