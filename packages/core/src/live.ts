import type { AcquireOptions, Credential, CredentialSource } from './credential.ts'
import type { AuthenticationError } from './errors.ts'
import { lifetimeOf } from './lifetime.ts'
import type { Session } from './open-session.ts'

/** A credential and the signal of the active period that it belongs to: what is made with the one ends with the other. */
export interface Live {
  readonly credential: Credential
  readonly ends: AbortSignal
}

/** Acquires for a try of a request, or for a connection. Rejects as `acquire` does. */
export async function acquireLive(source: CredentialSource, options?: AcquireOptions): Promise<Live> {
  // Before the wait: an end that comes before the sending is then in this signal, whoever signs in behind it.
  const ends = source.signal
  const wasOver = ends.aborted
  const credential = await source.acquire(options)
  // A session that came back has another period, and the credential is at hand.
  return wasOver && !source.signal.aborted ? acquireLive(source, options) : { credential, ends }
}

/** As `acquireLive`, for the first try. Returns undefined where nobody was signed in to begin with, and nobody is. */
export async function acquireFirst(source: CredentialSource, options?: AcquireOptions): Promise<Live | undefined> {
  const { reason } = source.signal as { reason?: AuthenticationError }
  try {
    return await acquireLive(source, options)
  } catch (error) {
    if (reason?.reason === 'signed-out' && (error as AuthenticationError).reason === 'signed-out') return undefined
    throw error
  }
}

/** What tells more than the port asks for, as every session does. */
type Telling = CredentialSource & Partial<Pick<Session, 'subscribe'>> & { readonly [lifetimeOf]?: AbortSignal }

/** Calls back at every change of a session, until the signal aborts. */
export function whenChanged(source: Telling, changed: () => void, signal: AbortSignal): void {
  // What only hands out credentials tells at least of new ones.
  const stop = source.subscribe?.(changed) ?? source.hold({ onCredential: changed })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
}

/**
 * Waits until it makes sense to ask a session again that has nothing to give: until it changes or is disposed, or not at
 * all where it is active by now. Rejects with the signal's reason.
 */
export function untilChanged(source: Telling, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = new AbortController()
    const end = (): void => {
      waiting.abort()
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    const { [lifetimeOf]: lifetime } = source
    for (const over of [signal, lifetime]) over?.addEventListener('abort', end, { signal: waiting.signal })
    whenChanged(source, end, waiting.signal)
    if (signal.aborted || lifetime?.aborted === true || !source.signal.aborted) end()
  })
}
