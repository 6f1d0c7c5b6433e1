import type { Feed, FeedListener, ServerSentEvent } from './feed.ts'

/** The events of a stream, to be iterated over once. */
export interface EventStream extends AsyncIterableIterator<ServerSentEvent, undefined> {
  /** The id to go on from: that of the last event that was taken, or a later one that came without an event. */
  readonly lastEventId: string
  /** Closes the stream, as leaving the loop does. */
  return(): Promise<Result>
}

type Result = IteratorResult<ServerSentEvent, undefined>

/** Returns an iterator over a feed, which is read only when nothing is left of what was read before. */
export function iterate(open: (listener: FeedListener) => Feed): EventStream {
  let events: ServerSentEvent[] = []
  let taken = 0
  /** What was asked for while a reading was under way waits its turn. */
  let turn: Promise<Result> | undefined
  let asked = 0
  const feed = open({
    onEvent: (event) => events.push(event),
    isEnough: () => events.length > 0,
  })
  let takenId = feed.lastEventId

  const isAtHand = (): boolean => taken < events.length && !feed.isOver

  function take(): Result {
    const value = events[taken++] as ServerSentEvent
    takenId = value.lastEventId
    if (taken === events.length) {
      events = []
      taken = 0
    }
    return { value, done: false }
  }

  async function pull(): Promise<Result> {
    try {
      if (isAtHand()) return take()
      return (await feed.read()).done === true ? { value: undefined, done: true } : take()
    } finally {
      if (--asked === 0) turn = undefined
    }
  }

  return {
    get lastEventId() {
      return taken < events.length ? takenId : feed.lastEventId
    },
    next() {
      if (turn === undefined && isAtHand()) return Promise.resolve(take())
      asked++
      turn = turn === undefined ? pull() : turn.then(pull, pull)
      return turn
    },
    return() {
      feed.close()
      return Promise.resolve({ value: undefined, done: true })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
