import type { AcquireOptions, AuthenticationError, Credential, CredentialSource } from '@reauth/core'

/** A credential and the signal of the active period that it belongs to: a request made with the one ends with the other. */
export interface Live {
  readonly credential: Credential
  readonly ends: AbortSignal
}

/** Acquires for a try of a request. A session that ends while it waits is an error: the request was its user's. */
export async function acquireLive(source: CredentialSource, options?: AcquireOptions): Promise<Live> {
  // Before the wait: an end that comes before the sending is then in this signal, whoever signs in behind it.
  const ends = source.signal
  const wasOver = ends.aborted
  const credential = await source.acquire(options)
  // A session that came back has another period, and the credential is at hand.
  return wasOver && !source.signal.aborted ? acquireLive(source, options) : { credential, ends }
}

/**
 * Acquires for the first try of a request, where the session is not active. Returns undefined where nobody was signed in
 * to begin with: the request is sent bare.
 */
export async function acquireFirst(source: CredentialSource, options?: AcquireOptions): Promise<Live | undefined> {
  const { reason } = source.signal as { reason?: AuthenticationError }
  try {
    return await acquireLive(source, options)
  } catch (error) {
    if (reason?.reason === 'signed-out' && (error as AuthenticationError).reason === 'signed-out') return undefined
    throw error
  }
}
