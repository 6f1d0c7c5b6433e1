import type { TraceEntry } from '@reauth/core'

import { createStore, type Store } from '../store.ts'

/** A trace entry with its place in the row. */
export interface Line {
  readonly number: number
  readonly entry: TraceEntry
}

const capacity = 200

/** What reauth did, newest first; the oldest lines fall out. */
export const traceLog: Store<readonly Line[]> = createStore<readonly Line[]>([])

/** Takes an entry of the session's `trace` option. */
export function record(entry: TraceEntry): void {
  const lines = traceLog.get()
  traceLog.set([{ number: (lines[0]?.number ?? 0) + 1, entry }, ...lines.slice(0, capacity - 1)])
}
