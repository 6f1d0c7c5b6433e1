/** An event stream in memory, in pieces as a network gives them. */
export interface RecordedStream {
  readonly events: number
  /** Answers with all of it, each time anew. */
  readonly fetch: typeof fetch
}

const bytesPerRound = 16_000_000
const bytesPerPiece = 16_384

/** Returns a stream of such events, made from their number. */
export function recordStream(eventOf: (id: number) => string): RecordedStream {
  let text = ''
  let events = 0
  while (text.length < bytesPerRound) text += eventOf(++events)
  const bytes = new TextEncoder().encode(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / bytesPerPiece) }, (_, index) =>
    bytes.subarray(index * bytesPerPiece, (index + 1) * bytesPerPiece),
  )
  return {
    events,
    async fetch() {
      let sent = 0
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const piece = pieces[sent++]
            if (piece === undefined) controller.close()
            else controller.enqueue(piece)
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  }
}
