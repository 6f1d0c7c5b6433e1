import type { TraceEntry } from '@reauth/core'

import { type Lane, log, type LogEvent } from './event-log.ts'

/** A trace entry with its place in the row. */
export interface Line {
  readonly number: number
  readonly lane: Lane
  readonly entry: TraceEntry
}

/** Takes an entry of the session's `trace` option. */
export function record(entry: TraceEntry, lane: Lane = laneOf(entry)): void {
  log({ kind: 'trace', at: entry.at, lane, entry })
}

/** The trace among the events, newest first. */
export function linesOf(events: readonly LogEvent[]): readonly Line[] {
  return events.filter((event) => event.kind === 'trace').toReversed()
}

const told: readonly string[] = ['adopted', 'takeover', 'lock-wait']

/** What the session says of other tabs is theirs. */
const laneOf = ({ type }: TraceEntry): Lane => (told.includes(type) ? 'tabs' : 'session')
