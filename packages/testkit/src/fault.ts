import type { Exchange } from './exchange.ts'
import type { IssuerClock } from './issuer-clock.ts'

/** What a fault may look at and do. */
export interface FaultContext {
  readonly exchange: Exchange
  readonly clock: IssuerClock
  /** Aborted when the sender gives up. It has its rejection by then, whatever the fault goes on to do. */
  readonly signal: AbortSignal
  /** Lets the server process the request, and returns its answer. */
  proceed(): Promise<Response>
}

/**
 * What goes wrong with one request: it answers in the server's place, or lets the server answer and does something to
 * that. A function of yours is a fault, too.
 */
export type Fault = (context: FaultContext) => Promise<Response>

/** Returns one fault of several: each sees as the server what comes after it, as in `inOrder(hold(), status(503))`. */
export function inOrder(...faults: readonly Fault[]): Fault {
  return async (context) => {
    const [first, ...rest] = faults
    if (first === undefined) return context.proceed()
    return first({ ...context, proceed: () => inOrder(...rest)(context) })
  }
}
