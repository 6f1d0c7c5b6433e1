import type { ServerSentEvent } from '../../src/feed.ts'

/** Reads all that an `EventSource` brings, over its reconnects, until it is closed. */
export function readAll(Source: typeof EventSource, url: string): Promise<ServerSentEvent[]> {
  return new Promise((resolve) => {
    const events: ServerSentEvent[] = []
    const source = new Source(url)
    const take = ({ type, data, lastEventId }: MessageEvent<string>): void => {
      events.push({ type, data, lastEventId })
    }
    source.addEventListener('message', take)
    source.addEventListener('tick', take)
    source.addEventListener('error', () => {
      if (source.readyState === source.CLOSED) resolve(events)
    })
  })
}
