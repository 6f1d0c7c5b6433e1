import type { Exchange } from './exchange.ts'
import type { Fault } from './fault.ts'

/** Says which request meets which fault. One at the most: `at` goes before `next`, and `next` before `when`. */
export interface FaultPlan {
  /** The next request, or the next few. Several calls queue up. Returns the fault, so that a gate has a name. */
  next<Kind extends Fault>(fault: Kind, times?: number): Kind
  /** The request of this number, counted from 1 since the issuer was created. */
  at<Kind extends Fault>(ordinal: number, fault: Kind): Kind
  /** Every request that fits, until the function that this returns is called. */
  when(fits: (exchange: Exchange) => boolean, fault: Fault): () => void
  /** Forgets every fault that has not struck. Requests that are held stay so. */
  clear(): void
  /** How many of the faults of `next` and `at` have not struck: a fault that never strikes tests nothing. */
  readonly unused: number
}

/** A fault plan, as the issuer that obeys it sees it. */
export interface FaultSchedule extends FaultPlan {
  /** Returns the fault that this request meets, and strikes it off. */
  take(exchange: Exchange): Fault | undefined
}

interface Rule {
  readonly fits: (exchange: Exchange) => boolean
  readonly fault: Fault
}

/** Returns a plan on which nothing goes wrong. */
export function createFaultPlan(): FaultSchedule {
  const queue: Fault[] = []
  const numbered = new Map<number, Fault>()
  const rules = new Set<Rule>()
  return {
    next(fault, times = 1) {
      for (let time = 0; time < times; time++) queue.push(fault)
      return fault
    },
    at(ordinal, fault) {
      numbered.set(ordinal, fault)
      return fault
    },
    when(fits, fault) {
      const rule: Rule = { fits, fault }
      rules.add(rule)
      return () => {
        rules.delete(rule)
      }
    },
    clear() {
      queue.length = 0
      numbered.clear()
      rules.clear()
    },
    take(exchange) {
      const planned = numbered.get(exchange.ordinal)
      numbered.delete(exchange.ordinal)
      return planned ?? queue.shift() ?? [...rules].find(({ fits }) => fits(exchange))?.fault
    },
    get unused() {
      return queue.length + numbered.size
    },
  }
}
