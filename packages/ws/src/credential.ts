import { type Credential, type CredentialSource, isReauthError, type Session } from '@reauth/core'

/** What a connection is made with, and the signal of the active period that it belongs to. */
export interface Live {
  /** Undefined where nobody is signed in. */
  readonly credential?: Credential
  readonly ends?: AbortSignal
}

/** Calls back at every change of a session, until the signal aborts. */
export function whenChanged(
  source: CredentialSource & Partial<Pick<Session, 'subscribe'>>,
  changed: () => void,
  signal: AbortSignal,
): void {
  // What only hands out credentials tells at least of new ones.
  const stop = source.subscribe?.(changed) ?? source.hold({ onCredential: changed })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
}

/**
 * Returns a credential of an active session; where there is none, waits for a sign-in, or says so if that is fine.
 *
 * Rejects with `RefreshError`, with the `AuthenticationError` of a session that is active all the same, or with the
 * signal's reason.
 */
export async function liveCredential(
  source: CredentialSource,
  isAnonymous: boolean,
  signal: AbortSignal,
): Promise<Live> {
  for (;;) {
    // Before the wait: an end that comes before the dialling is then in this signal, whoever signs in behind it.
    const ends = source.signal
    try {
      const credential = await source.acquire({ signal })
      if (!ends.aborted) return { credential, ends }
    } catch (error) {
      if (signal.aborted || !isReauthError(error) || error.name !== 'AuthenticationError') throw error
      if (error.reason === 'signed-out' && isAnonymous) return {}
      if (error.reason !== 'switched' && !source.signal.aborted) throw error
    }
    await untilActive(source, signal)
  }
}

function untilActive(source: CredentialSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = new AbortController()
    const look = (): void => {
      if (signal.aborted) reject(signal.reason as Error)
      else if (source.signal.aborted) return
      else resolve()
      over.abort()
    }
    signal.addEventListener('abort', look, { once: true, signal: over.signal })
    whenChanged(source, look, over.signal)
    look()
  })
}
