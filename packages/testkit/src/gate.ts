import { deferred, type Deferred } from './deferred.ts'
import type { Exchange } from './exchange.ts'
import type { Fault, FaultContext } from './fault.ts'
import { untilAborted } from './until-aborted.ts'

/** A fault that holds what comes to it until the test lets it go on. */
export interface Gate extends Fault {
  /** Resolves when the first request has come. */
  readonly arrived: Promise<Exchange>
  /** Resolves when so many requests have come, whether they were let go or not. */
  reached(count: number): Promise<void>
  /** Lets all go on that have come, and all that come later. */
  release(): void
}

/** Holds the request: nothing is processed until the gate is released. A sender who gives up takes it back. */
export function hold(): Gate {
  return createGate(async ({ proceed }, passed) => {
    await passed()
    return proceed()
  })
}

/** Holds the answer: the request is processed at once. */
export function holdAnswer(): Gate {
  return createGate(async ({ proceed }, passed) => {
    const answer = await proceed()
    await passed()
    return answer
  })
}

function createGate(go: (context: FaultContext, passed: () => Promise<void>) => Promise<Response>): Gate {
  const arrived = deferred<Exchange>()
  const released = deferred()
  const waiting: { readonly count: number; readonly enough: Deferred<void> }[] = []
  let arrivals = 0

  const fault: Fault = (context) =>
    go(context, () => {
      arrivals++
      arrived.resolve(context.exchange)
      for (const { count, enough } of waiting) if (arrivals >= count) enough.resolve()
      return untilAborted(context.signal, released.promise)
    })

  return Object.assign(fault, {
    arrived: arrived.promise,
    reached(count: number) {
      const enough = deferred()
      waiting.push({ count, enough })
      if (arrivals >= count) enough.resolve()
      return enough.promise
    },
    release() {
      released.resolve()
    },
  })
}
