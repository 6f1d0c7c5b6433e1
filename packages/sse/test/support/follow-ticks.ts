import { createSession, parseTokenResponse } from '@reauth/core'

import { createEventSource } from '../../src/create-event-source.ts'
import { createStream } from '../../src/create-stream.ts'
import type { ServerSentEvent } from '../../src/feed.ts'

export type Way = 'each' | 'iterate' | 'EventSource'

export interface FollowOptions {
  readonly way: Way
  readonly handover: boolean
  readonly perToken: number
  readonly total: number
}

/** What came of it. */
export interface Followed {
  readonly events: number
  /** The first event that was not the next one. */
  readonly wrong?: string
}

/** Follows a ticker to its end, in a page or in Node. */
export async function followTicks(
  origin: string,
  { way, handover, perToken, total }: FollowOptions,
): Promise<Followed> {
  const session = createSession({
    origins: [origin],

    refresh: async () => parseTokenResponse(await (await fetch(`${origin}/token`, { method: 'POST' })).json()),
  })
  await session.signIn({ accessToken: 't1', refreshToken: 'r', expiresInMs: 3_600_000 })
  let events = 0
  let wrong: string | undefined
  const take = ({ data, lastEventId }: ServerSentEvent): void => {
    events++
    if (lastEventId !== String(events) || data !== `${events} é€\n😀`) wrong ??= `${events}: ${lastEventId} ${data}`
    // A new token shortly before the old one ends, but for the last.
    if (handover && events < total - perToken && events % perToken === perToken - 400) void session.refresh()
  }
  const url = `${origin}/ticks`
  const stream = createStream(session, { handover })
  if (way === 'each') await stream.each(url, {}, take)
  else if (way === 'iterate') for await (const event of stream(url)) take(event)
  else {
    const source = new (createEventSource(session, { handover }))(url)
    source.addEventListener('message', (event) => {
      take(event as never)
    })
    await new Promise<void>((resolve) => {
      source.addEventListener('error', () => {
        if (source.readyState === source.CLOSED) resolve()
      })
    })
  }
  await session[Symbol.asyncDispose]()
  return { events, ...(wrong !== undefined && { wrong }) }
}
