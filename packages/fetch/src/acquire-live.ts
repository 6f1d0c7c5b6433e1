import type { AcquireOptions, AuthenticationError, Credential, CredentialSource } from '@reauth/core'

/** A credential and the signal of the active period that it belongs to: a request made with the one ends with the other. */
export interface Live {
  readonly credential: Credential
  readonly ends: AbortSignal
}

/** Acquires for a try of a request. */
export async function acquireLive(source: CredentialSource, options: AcquireOptions): Promise<Live> {
  // Before the wait: an end that comes before the sending is then in this signal, whoever signs in behind it.
  const ends = source.signal
  const wasOver = ends.aborted
  const credential = await source.acquire(options)
  // A session that came back has another period, and the credential is at hand.
  return wasOver && !source.signal.aborted ? acquireLive(source, options) : { credential, ends }
}

/**
 * Acquires for the first try. Returns undefined where nobody was signed in to begin with: the request is sent bare. A
 * session that ends while it waits is an error, since the request was its user's.
 */
export async function acquireFirst(source: CredentialSource, options: AcquireOptions): Promise<Live | undefined> {
  const { signal } = source
  const wasOver = signal.aborted
  try {
    return await acquireLive(source, options)
  } catch (error) {
    const end = signal.reason as AuthenticationError | undefined
    const wasSignedOut = wasOver ? end?.reason === 'signed-out' : !signal.aborted
    if (wasSignedOut && (error as AuthenticationError).reason === 'signed-out') return undefined
    throw error
  }
}
