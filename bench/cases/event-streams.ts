import {
  readBare,
  readByHand,
  readEach,
  readEventSource,
  type ReadEvents,
  readFetchEventSource,
  readIterated,
  readParserStream,
} from '../contenders/event-stream-readers.ts'
import type { Goal } from '../goal.ts'
import type { Contender } from '../measure.ts'
import { recordStream } from '../recorded-stream.ts'

const readers: Readonly<Record<string, ReadEvents>> = {
  'createParser in a loop': readBare,
  'createParser, type and id by hand': readByHand,
  'stream.each': readEach,
  'the iterator': readIterated,
  EventSourceParserStream: readParserStream,
  'eventsource 5': readEventSource,
  '@microsoft/fetch-event-source': readFetchEventSource,
}

const comparedWith = 'createParser in a loop'

/** Throughputs of 0.95 and 0.8 of the parser's, as times. */
export const eventStreamGoals: readonly [Goal, ...Goal[]] = [
  { of: 'stream.each', comparedWith, most: 1.053, aim: 1 },
  { of: 'the iterator', comparedWith, most: 1.25, aim: 1.1 },
]

/** Events as they come from models, tickers and documents; a call is an event. */
export const eventStreams: Readonly<Record<string, (id: number) => string>> = {
  'events of 150 B, data only': () => `data: ${'x'.repeat(142)}\n\n`,
  'events of 150 B, with id and type': (id) => `id: ${id}\nevent: message\ndata: ${'x'.repeat(116)}\n\n`,
  'events of 2 kB, with id': (id) => `id: ${id}\ndata: ${'x'.repeat(1980)}\n\n`,
}

/** Everything that reads such streams, over one in memory. */
export function eventStreamReaders(eventOf: (id: number) => string): Contender[] {
  const { events, fetch } = recordStream(eventOf)
  return Object.entries(readers).map(([name, read]) => ({
    name,
    calls: events,
    async run() {
      const found = await read(fetch)
      return found === events ? undefined : `${found} events of ${events}`
    },
  }))
}
