import { abortable } from './abortable.ts'
import type { SessionHost } from './session-host.ts'
import { timed } from './sleep.ts'

/** Asks somebody who may never answer, for as long as callers wait for a refresh and the session is there. */
export function limited<T>(
  { platform, refreshTimeoutMs, lifetime }: Pick<SessionHost, 'platform' | 'refreshTimeoutMs' | 'lifetime'>,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const signal = AbortSignal.any([lifetime, late.signal])
  const giveUp = (): void => {
    late.abort(new Error(`Nobody answered in ${refreshTimeoutMs} ms`))
  }
  return timed(platform, refreshTimeoutMs, giveUp, () => abortable(ask(signal), signal))
}
