import type { SessionEvents } from './session-events.ts'

/** One thing that reauth did. Flat and safe to store or to send: no token, no URL beyond its origin. */
export interface TraceEntry {
  type:
    | keyof SessionEvents
    | 'refresh-start'
    | 'lock-wait'
    | 'adopted'
    | 'takeover'
    | 'replay'
    | 'reconnect'
    | 'warning'
  /** Epoch ms. */
  at: number
  level: 'debug' | 'info' | 'warn' | 'error'
  /** The session's name. */
  session: string
  id?: string
  epoch?: number
  version?: number
  reason?: string
  issuer?: string
  origin?: string
  ms?: number
}

/** What an adapter says; the session adds the time and its name. */
export type AdapterTrace = (entry: Omit<TraceEntry, 'at' | 'session'>) => void

/** Takes the entries of the `trace` option. */
export type Trace = (entry: TraceEntry) => void

/** Returns a `trace` that writes a line per entry to a console. */
export function traceTo(console: { [Level in TraceEntry['level']]: (...data: unknown[]) => void }): Trace {
  return ({ type, level, session, at: _at, ...rest }) => {
    console[level](`[${session}] ${type}`, rest)
  }
}
