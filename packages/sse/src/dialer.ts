import type { Credential, CredentialSource } from '@reauth/core'

import { acquireLive } from './acquire-live.ts'
import { drop, isOneWay, send, type Sent, type Target } from './request.ts'

/** Sends the requests of one stream, with the credential of whoever was signed in when it opened. */
export interface Dialer {
  /**
   * Sends with a fresh credential, and once more after a refusal. `lastEventId` is left to the caller's own header while
   * it is undefined. Rejects where no credential is to be had.
   */
  dial(lastEventId: string | undefined): Promise<Sent>
  /** Sends with the credential given. */
  dialWith(credential: Credential, lastEventId: string | undefined): Promise<Sent>
}

/** @param endWith is told of the signal of the period that the stream belongs to */
export function createDialer(source: CredentialSource, target: Target, endWith: (ends: AbortSignal) => void): Dialer {
  const { url, init, signal, options } = target
  const { minValidityMs = 300_000, anonymous = false, outliveSession = false } = options
  const asked = { minValidityMs, signal }
  let isOwned = false

  /** The stream belongs to whom it finds, and ends with that period. */
  async function enter(): Promise<Credential | undefined> {
    const found = await acquireLive(source, asked, anonymous)
    if (found === undefined) return undefined
    isOwned = true
    if (!outliveSession) endWith(found.ends)
    return found.credential
  }

  async function renewed(refused: Credential): Promise<Credential> {
    const credential = await source.acquire({ ...asked, refused })
    source.trace?.({ type: 'replay', level: 'info', version: credential.version, origin: url.origin })
    return credential
  }

  return {
    async dial(lastEventId) {
      const first = isOwned ? await source.acquire(asked) : await enter()
      const sent = await send(target, first, lastEventId)
      if (sent.answer !== 'refused' || first === undefined) return sent
      if (isOneWay(init)) {
        // The next stream finds a newer one; this answer is all that can be had.
        source.acquire({ refused: first }).catch(() => {})
        return sent
      }
      drop(sent)
      const second = await renewed(first)
      const replayed = await send(target, second, lastEventId)
      if (replayed.answer === 'refused') {
        drop(replayed)
        await source.acquire({ refused: second, final: true, signal })
      }
      return replayed
    },
    dialWith: (credential, lastEventId) => send(target, credential, lastEventId),
  }
}
