import { type CredentialSource, staticSource } from '@reauth/core'
import { expectTypeOf, it } from 'vitest'

import { createEventSource } from '../src/create-event-source.ts'
import { createStream } from '../src/create-stream.ts'
import type { ServerSentEvent } from '../src/feed.ts'

const source: CredentialSource = staticSource('a')

it('is iterated over', () => {
  const events = createStream(source)('https://api.test', { method: 'POST' })
  expectTypeOf(events).toExtend<AsyncIterable<ServerSentEvent>>()
  expectTypeOf(events.lastEventId).toBeString()
  expectTypeOf<ServerSentEvent>().toEqualTypeOf<{
    readonly type: string
    readonly data: string
    readonly lastEventId: string
  }>()
  // @ts-expect-error an id is read, not set
  events.lastEventId = '1'
})

it('calls back', () => {
  const { each } = createStream(source, { handover: true, heartbeatMs: 30_000 })
  expectTypeOf(each(new URL('https://api.test'), {}, ({ data }) => data)).toEqualTypeOf<Promise<void>>()
  // @ts-expect-error such a verdict there is not
  createStream(source, { classify: () => 'failed' })
})

it('stands in for EventSource', () => {
  expectTypeOf(createEventSource(source)).toEqualTypeOf<typeof EventSource>()
})
