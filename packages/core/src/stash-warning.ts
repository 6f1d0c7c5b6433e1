import { notify } from './emitter.ts'
import type { Trace } from './trace.ts'

/**
 * Why something put aside is not given back: it leads to another origin; it is not what was put there; its storage
 * failed.
 */
export type StashLoss = 'open-redirect' | 'malformed' | 'unavailable'

/** Tells the trace, or the console without one, that something is lost: never what it was. */
export function warnOfLoss(trace: Trace | undefined, session: string, reason: StashLoss): void {
  if (trace === undefined) console.warn(`reauth: ${session}: ${reason}`)
  else notify(trace, { type: 'warning', level: 'warn', at: Date.now(), session, reason })
}
