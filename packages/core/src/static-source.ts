import type { Credential, CredentialSource } from './credential.ts'
import { disposer } from './disposer.ts'
import { authenticationError } from './errors.ts'
import { type OriginMatcher, originMatcher } from './origins.ts'

/**
 * Returns a source with one access token that is never refreshed: for tests, and for tokens from elsewhere. A refusal
 * rejects with `AuthenticationError`.
 */
export function staticSource(
  accessToken: string,
  { origins }: { origins?: readonly string[] | OriginMatcher } = {},
): CredentialSource {
  const credential: Credential = Object.freeze({ epoch: 1, version: 1, accessToken, tokenType: 'Bearer' })
  return {
    origins: originMatcher(origins),
    signal: new AbortController().signal,
    hold: () => disposer(() => {}),
    async acquire({ refused, signal } = {}) {
      if (signal?.aborted === true) throw signal.reason
      if (refused === undefined) return credential
      throw authenticationError('refused')
    },
  }
}
