import { acquireFirst, type Credential, type CredentialSource, isOneWay, replay, untilActive } from '@reauth/core'

import { drop, send, type Sent, type Target } from './request.ts'

/** Sends a stream's requests with the session's credential. */
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
    const found = await acquireFirst(source, asked)
    if (found !== undefined) {
      isOwned = true
      if (!outliveSession) endWith(found.ends)
    } else if (!anonymous) {
      await untilActive(source, signal)
      return enter()
    }
    return found?.credential
  }

  return {
    async dial(lastEventId) {
      const credential = isOwned ? await source.acquire(asked) : await enter()
      const sent = await send(target, credential, lastEventId)
      if (sent.answer !== 'refused' || credential === undefined) return sent
      return replay(source, credential, sent, {
        origin: url.origin,
        asked,
        isOneWay: isOneWay(init.body),
        send: (live) => send(target, live.credential, lastEventId),
        isRefused: ({ answer }) => answer === 'refused',
        drop,
      })
    },
    dialWith: (credential, lastEventId) => send(target, credential, lastEventId),
  }
}
