import { staticSource } from '@reauth/core'

import { createEventSource } from '../../src/create-event-source.ts'
import type { ServerSentEvent } from '../../src/feed.ts'
import { type Followed, type FollowOptions, followTicks } from './follow-ticks.ts'
import { readAll } from './read-events.ts'

/** What the page of these tests has, as globals. */
export interface StreamPage {
  followTicks(options: FollowOptions): Promise<Followed>
  /** Reads a path to its end, by the browser's own class or by ours. */
  read(which: 'native' | 'ours', path: string): Promise<ServerSentEvent[]>
}

const { origin } = location
const ours = createEventSource(staticSource('a', { origins: [origin] }))

const page: StreamPage = {
  followTicks: (options) => followTicks(origin, options),
  read: (which, path) => readAll(which === 'native' ? EventSource : ours, origin + path),
}
Object.assign(globalThis, page)
