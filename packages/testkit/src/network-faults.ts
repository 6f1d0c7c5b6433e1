import type { Fault, FaultContext } from './fault.ts'

/** The request never arrives: a network error, and nothing was processed. */
export function dropRequest(): Fault {
  return () => Promise.reject(networkError())
}

/** The request is processed and its answer never arrives: a network error, and nobody knows. */
export function dropAnswer(): Fault {
  return async ({ proceed }) => {
    await proceed()
    throw networkError()
  }
}

/** The request takes its time to arrive, by the issuer's clock. */
export function delay(ms: number): Fault {
  return async (context) => {
    await elapse(context, ms)
    return context.proceed()
  }
}

/** The request is processed at once, and its answer takes its time, by the issuer's clock. */
export function delayAnswer(ms: number): Fault {
  return async (context) => {
    const answer = await context.proceed()
    await elapse(context, ms)
    return answer
  }
}

/** The request never arrives, and there is no error either: it ends only when the sender gives up. */
export function hang(): Fault {
  return () => new Promise(() => {})
}

/** The request is processed and its answer never arrives, without an error: it ends only when the sender gives up. */
export function hangAnswer(): Fault {
  return async ({ proceed }) => {
    await proceed()
    return new Promise(() => {})
  }
}

/** What `fetch` throws when there is no answer. */
function networkError(): TypeError {
  return new TypeError('Failed to fetch')
}

/** Waits by the issuer's clock; a sender who gives up leaves no timer behind. */
function elapse({ clock, signal }: FaultContext, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, ms)
    const end = (): void => {
      clock.clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
}
