import {
  acquireFirst,
  AuthenticationError,
  type Credential,
  type CredentialSource,
  isOneWay,
  replay,
  untilChanged,
} from '@reauth/core'

import { drop, send, type Sent } from './request.ts'
import type { Target } from './target.ts'

/**
 * Returns what sends a stream's requests with a fresh credential, and once more after a refusal; it rejects where no
 * credential is to be had.
 *
 * @param endWith is told of the signal of the period that the stream belongs to
 */
export function createDialer(
  source: CredentialSource,
  target: Target,
  endWith: (ends: AbortSignal) => void,
): () => Promise<Sent> {
  const { url, init, signal, options } = target
  const { minValidityMs = 300_000, anonymous = false, outliveSession = false } = options
  const asked = { minValidityMs, signal }
  let isOwned = false
  /** The sign-in that a stream belongs to which lives on when that ends. */
  let epoch: number | undefined

  /** The stream belongs to whom it finds, and ends with that period. */
  async function enter(): Promise<Credential | undefined> {
    const found = await acquireFirst(source, asked)
    if (found !== undefined) {
      isOwned = true
      if (outliveSession) ({ epoch } = found.credential)
      else endWith(found.ends)
    } else if (!anonymous) {
      await untilChanged(source, signal)
      return enter()
    }
    return found?.credential
  }

  return async () => {
    const credential = isOwned ? await source.acquire(asked) : await enter()
    if (credential?.epoch !== (epoch ?? credential?.epoch)) {
      throw new AuthenticationError('Somebody else has signed in; open the stream anew', { reason: 'switched' })
    }
    const sent = await send(target, credential)
    if (credential === undefined || !isRefused(sent)) return sent
    return replay(source, credential, sent, {
      address: url,
      asked,
      isSpent: isOneWay(init.body),
      send: (live) => send(target, live.credential),
      isRefused,
      drop,
    })
  }
}

const isRefused = ({ answer }: Sent): boolean => typeof answer === 'object' && answer.is === 'refused'
