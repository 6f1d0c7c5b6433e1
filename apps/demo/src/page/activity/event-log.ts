import type { TraceEntry } from '@reauth/core'

import { type Follow, createFrameStore } from '../store.ts'
import { createRingBuffer } from './ring-buffer.ts'

/** Whose doing an event is: the session's own, a transport's, or another tab's. */
export type Lane = 'session' | 'fetch' | 'socket' | 'stream' | 'player' | 'tabs'

/** One thing that happened: an entry of the trace, or half of a request. There is no token in any of them. */
export type LogEvent = { readonly number: number; readonly at: number; readonly lane: Lane } & (
  | { readonly kind: 'trace'; readonly entry: TraceEntry }
  | { readonly kind: 'sent'; readonly request: number; readonly method: string; readonly path: string }
  | { readonly kind: 'answered'; readonly request: number; readonly status: number; readonly ms: number }
  | { readonly kind: 'broken'; readonly request: number; readonly reason: string; readonly ms: number }
)

/** What is put into the log, which numbers it. */
export type NewEvent = LogEvent extends infer Each ? (Each extends LogEvent ? Omit<Each, 'number'> : never) : never

/** How many events are kept. */
export const capacity = 1000

const ring = createRingBuffer<LogEvent>(capacity)
const listeners = new Set<(event: LogEvent) => void>()
let last = 0

/** The newest events, oldest first. Followers hear of them once a frame, however many come. */
export const eventLog: Follow<readonly LogEvent[]> = createFrameStore(() => ring.items())

/** Puts an event into the log. */
export function log(event: NewEvent): void {
  const numbered: LogEvent = { ...event, number: ++last }
  ring.push(numbered)
  eventLog.changed()
  for (const listener of listeners) listener(numbered)
}

/** Hears of every event, at once. */
export function onEvent(listener: (event: LogEvent) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Empties the log. */
export function clearLog(): void {
  ring.clear()
  eventLog.changed()
}
