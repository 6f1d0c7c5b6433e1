import { fetchEventSource } from '@microsoft/fetch-event-source'
import { createStream } from '@reauth/sse'
import { EventSource } from 'eventsource'
import { createParser } from 'eventsource-parser'
import { EventSourceParserStream } from 'eventsource-parser/stream'

import { signedIn } from './reauth.ts'

/** Reads a whole stream, and returns how many events there were. */
export type ReadEvents = (send: typeof fetch) => Promise<number>

const url = 'https://api.test/events'
// A stream that ends with its answer, so that nobody reconnects.
const init = { method: 'POST' }

async function readThrough(send: typeof fetch, feed: (text: string) => void): Promise<void> {
  const reader = (await send(url)).body!.getReader()
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    feed(decoder.decode(value, { stream: true }))
  }
}

/** The parser, fed by a loop: nothing is made of its events. */
export const readBare: ReadEvents = async (send) => {
  let events = 0
  const parser = createParser({
    onEvent() {
      events++
    },
  })
  await readThrough(send, parser.feed)
  return events
}

/** The same, with events as the standard has them: a type, and the last id. */
export const readByHand: ReadEvents = async (send) => {
  let events = 0
  let lastEventId = ''
  const take = (_event: { type: string; data: string; lastEventId: string }): void => {
    events++
  }
  const parser = createParser({
    onId(id) {
      lastEventId = id
    },
    onEvent({ event: type = 'message', data }) {
      take({ type, data, lastEventId })
    },
  })
  await readThrough(send, parser.feed)
  return events
}

const never = (): Promise<never> => Promise.reject(new Error('Nobody was refused'))

export const readEach: ReadEvents = async (send) => {
  let events = 0
  await createStream(signedIn(never), { fetch: send }).each(url, init, () => {
    events++
  })
  return events
}

export const readIterated: ReadEvents = async (send) => {
  let events = 0
  for await (const _ of createStream(signedIn(never), { fetch: send })(url, init)) events++
  return events
}

export const readParserStream: ReadEvents = async (send) => {
  let events = 0
  const { body } = await send(url)
  const decoded = body!.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
  for await (const _ of decoded) events++
  return events
}

/** `eventsource` 5, until it would reconnect. */
export const readEventSource: ReadEvents = (send) =>
  new Promise((resolve) => {
    let events = 0
    const source = new EventSource(url, { fetch: send })
    source.addEventListener('message', () => {
      events++
    })
    source.addEventListener('error', () => {
      source.close()
      resolve(events)
    })
  })

/** `@microsoft/fetch-event-source`, which wants a page. */
export const readFetchEventSource: ReadEvents = async (send) => {
  let events = 0
  const page = { hidden: false, addEventListener() {}, removeEventListener() {} }
  Object.assign(globalThis, { document: page, window: globalThis })
  await fetchEventSource(url, {
    fetch: send,
    onmessage() {
      events++
    },
  })
  Reflect.deleteProperty(globalThis, 'document')
  Reflect.deleteProperty(globalThis, 'window')
  return events
}
