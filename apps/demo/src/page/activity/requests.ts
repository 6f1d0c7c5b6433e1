import type { Lane, LogEvent } from './event-log.ts'

/** A request, as far as the log still knows it. */
export interface Inspected {
  readonly request: number
  readonly lane: Lane
  /** Of the event that is known first. */
  readonly at: number
  /** Undefined where this half has left the buffer. */
  readonly sent: { readonly method: string; readonly path: string } | undefined
  readonly outcome: 'pending' | { readonly status: number } | { readonly reason: string }
  /** How long it took; undefined while it is pending. */
  readonly ms: number | undefined
}

/** Puts the halves of requests together, newest first. Half a request is one, too. */
export function requestsOf(events: readonly LogEvent[]): readonly Inspected[] {
  const found = new Map<number, Inspected>()
  for (const event of events) {
    if (event.kind === 'trace') continue
    const { request, lane, at } = event
    const known = found.get(request)
    if (event.kind === 'sent') {
      const { method, path } = event
      found.set(request, { request, lane, at, sent: { method, path }, outcome: 'pending', ms: undefined })
    } else {
      const outcome = event.kind === 'answered' ? { status: event.status } : { reason: event.reason }
      found.set(request, { request, lane, at: known?.at ?? at, sent: known?.sent, outcome, ms: event.ms })
    }
  }
  return [...found.values()].toReversed()
}
