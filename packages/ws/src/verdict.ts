import { classifyResponse, type Verdict } from '@reauth/core'

import type { Answer, Loss } from './loss.ts'

/** Says what an answer means where the rules do not; undefined leaves it to them. */
export type Classify = (answer: Answer) => Verdict | undefined

/** Close codes as IANA has them (Unauthorized, Forbidden), and as they are made from a status. */
const meanings: Readonly<Record<number, Verdict>> = { 3000: 'refused', 4401: 'refused', 3003: 'denied', 4403: 'denied' }

/**
 * Returns what a loss says of the credential, by the caller's rule first; undefined where nobody can tell: a handshake
 * that failed and whose answer the platform hides.
 */
export function verdictOf(loss: Loss, classify: Classify | undefined, seesHandshake: boolean): Verdict | undefined {
  const { status, code = 1006, reason = '' } = loss
  if (status !== undefined) {
    const { headers = new Headers(), body = '' } = loss
    const answer = { status, headers, body }
    return classify?.(answer) ?? classifyResponse(answer) ?? 'transient'
  }
  const isHidden = !loss.isOpened && !seesHandshake
  return classify?.({ code, reason }) ?? meanings[code] ?? (isHidden ? undefined : 'transient')
}
