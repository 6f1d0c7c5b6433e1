import type { AcquireOptions, AuthenticationError, Credential, CredentialSource } from '@reauth/core'

/**
 * Acquires for the first try of a request. Returns undefined where nobody was signed in to begin with: it is sent bare.
 * A session that ends while the request waits is an error, since the request was its user's.
 */
export async function acquireFirst(source: CredentialSource, options: AcquireOptions): Promise<Credential | undefined> {
  const period = source.signal
  const wasOver = period.aborted
  try {
    return await source.acquire(options)
  } catch (error) {
    if ((error as AuthenticationError).reason === 'signed-out' && wasOver === period.aborted) return undefined
    throw error
  }
}
