import { type Clock, createClock } from './clock.ts'
import { createIssuer } from './create-issuer.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerOptions } from './issuer-options.ts'
import { settle } from './settle.ts'

/** What a test starts with and, in the end, has to leave in order. */
export interface Harness {
  readonly clock: Clock
  readonly issuer: Issuer
  /** Remembers a promise that has to settle, one way or the other, and returns it. */
  track<T>(promise: Promise<T>, name?: string): Promise<T>
  /**
   * Lets everything settle, then throws if anything is out of order, listing all of it: refresh tokens used or presented
   * as no client may, a token where it had no business, a live timer, a promise that is pending, a request without its
   * answer, a planned fault that never struck. Call it after each test, once what the test created is disposed.
   */
  verify(): Promise<void>
}

/** Returns a clock, and an issuer that goes by it. */
export function createHarness(options: Omit<IssuerOptions, 'clock'> = {}): Harness {
  const clock = createClock()
  const issuer = createIssuer({ ...options, clock })
  const pending = new Map<Promise<unknown>, string>()

  return {
    clock,
    issuer,
    track(promise, name = 'a promise') {
      const forget = (): void => {
        pending.delete(promise)
      }
      pending.set(promise, name)
      promise.then(forget, forget)
      return promise
    },
    async verify() {
      await settle()
      const problems = [
        ...issuer.misuse,
        ...issuer.leaks,
        ...said(issuer.reuseDetected, 'times the issuer detected reuse'),
        ...said(clock.pending, 'timers are live'),
        ...[...pending.values()].map((name) => `${name} is pending`),
        ...issuer.exchanges
          .filter(({ answer }) => answer === 'pending')
          .map(({ kind }) => `A ${kind} request is pending`),
        ...said(issuer.faults.unused, 'faults planned for the token endpoint have not struck'),
        ...said(issuer.apiFaults.unused, 'faults planned for the protected resource have not struck'),
      ]
      if (problems.length > 0) throw new Error(`Not in order:\n- ${problems.join('\n- ')}`)
    },
  }
}

function said(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`]
}
