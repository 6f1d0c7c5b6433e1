import { acquireLive, type CredentialSource, isReauthError, type Live, type Session, untilChanged } from '@reauth/core'

/** What tells more than the port asks for, as every session does. */
type Telling = CredentialSource & Partial<Pick<Session, 'state'>>

/** Returns whose turn it is, as an epoch; undefined where nobody is signed in, or the source does not say. */
export function epochOf({ state }: Telling): number | undefined {
  return state !== undefined && 'epoch' in state ? state.epoch : undefined
}

/**
 * Acquires for an active session; where there is none, waits for a sign-in, or says with an empty answer that nobody is
 * signed in, if that is fine.
 *
 * Rejects with `RefreshError`, with the `AuthenticationError` of a session that is active all the same, or with the
 * signal's reason.
 */
export async function liveCredential(
  source: CredentialSource,
  isAnonymous: boolean,
  signal: AbortSignal,
): Promise<Partial<Live>> {
  for (;;) {
    try {
      const live = await acquireLive(source, { signal })
      if (!live.ends.aborted) return live
    } catch (error) {
      if (signal.aborted || !isReauthError(error) || error.name !== 'AuthenticationError') throw error
      if (error.reason === 'signed-out' && isAnonymous) return {}
      if (error.reason !== 'switched' && !source.signal.aborted) throw error
    }
    await untilChanged(source, signal)
  }
}
