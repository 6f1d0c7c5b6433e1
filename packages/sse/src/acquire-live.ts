import type { AcquireOptions, AuthenticationError, Credential, CredentialSource } from '@reauth/core'

/** A credential and the signal of the active period that it belongs to: a stream opened with the one ends with the other. */
export interface Live {
  readonly credential: Credential
  readonly ends: AbortSignal
}

/**
 * Acquires for a new stream. Where nobody was signed in to begin with, it waits for a sign-in, or returns undefined for
 * one that may go without.
 */
export async function acquireLive(
  source: CredentialSource,
  options: AcquireOptions & { readonly signal: AbortSignal },
  isAnonymous: boolean,
): Promise<Live | undefined> {
  // Before the wait: an end that comes before the opening is then in this signal, whoever signs in behind it.
  const ends = source.signal
  const wasOver = ends.aborted
  const { reason } = ends as { reason?: AuthenticationError }
  try {
    const credential = await source.acquire(options)
    // A session that came back has another period, and the credential is at hand.
    return wasOver && !source.signal.aborted ? await acquireLive(source, options, isAnonymous) : { credential, ends }
  } catch (error) {
    const isNobody = reason?.reason === 'signed-out' && (error as AuthenticationError).reason === 'signed-out'
    if (!isNobody) throw error
    if (isAnonymous) return undefined
    await untilSignedIn(source, options.signal)
    return acquireLive(source, options, isAnonymous)
  }
}

function untilSignedIn(source: CredentialSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const hold = source.hold({ onCredential: end })
    function end(): void {
      hold?.()
      signal.removeEventListener('abort', end)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    signal.addEventListener('abort', end)
    // Somebody came before the hold, or the caller left.
    if (signal.aborted || !source.signal.aborted) end()
  })
}
