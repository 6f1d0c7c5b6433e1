import { staticSource } from '@reauth/core'
import { describe, expect, it } from 'vitest'

import { createEventSource } from '../src/create-event-source.ts'
import { createStream } from '../src/create-stream.ts'
import type { ServerSentEvent } from '../src/feed.ts'
import { serveOddStreams } from './support/odd-server.ts'
import { oddStreams } from './support/odd-streams.ts'
import { readAll } from './support/read-events.ts'

describe.concurrent.each(oddStreams.map((odd, index) => ({ ...odd, index })))('$rule', ({ index, events, next }) => {
  it('by createStream', async () => {
    await using server = await serveOddStreams()
    const path = `/odd/${index}/stream`
    const came: ServerSentEvent[] = []
    const stream = createStream(staticSource('a', { origins: [server.origin] }))
    for await (const event of stream(server.origin + path)) came.push(event)
    expect(came).toEqual(events)
    expect(server.next.get(path)).toBe(next)
  })

  it('by createEventSource', async () => {
    await using server = await serveOddStreams()
    const path = `/odd/${index}/class`
    const Source = createEventSource(staticSource('a', { origins: [server.origin] }))
    expect(await readAll(Source, server.origin + path)).toEqual(events)
    expect(server.next.get(path)).toBe(next)
  })
})
