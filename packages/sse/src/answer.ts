import { classifyResponse, PermissionDeniedError, retryAfterMs } from '@reauth/core'

import { StreamError } from './stream-error.ts'
import type { Target } from './target.ts'

/** Why there is no connection, or none any more: what passes is worth another one, and what is refused a new credential. */
export interface Failure {
  readonly error: PermissionDeniedError | StreamError
  readonly is: 'passing' | 'refused' | 'final'
}

/** What an answer is to a stream: one to read, its end, or a failure. */
export type Answer = 'open' | 'over' | Failure

/** Returns what an answer is to a stream, by the caller's rule first. */
export function answerOf(response: Response, { url, options, lastEventId }: Target): Answer {
  const { status, headers } = response
  const isBusy = [408, 425, 429].includes(status) || status >= 500
  const verdict = options.classify?.(response) ?? classifyResponse(response, url) ?? (isBusy ? 'transient' : undefined)
  const told = `${url.origin} answered ${status}`
  if (verdict === 'denied') return { error: new PermissionDeniedError(`${told}: not allowed`), is: 'final' }
  if (verdict === 'transient') {
    const waitMs = retryAfterMs(headers.get('retry-after'))
    const error = new StreamError(`${told}; try later`, { reason: 'status', status, retryAfterMs: waitMs, lastEventId })
    return { error, is: 'passing' }
  }
  if (!verdict && status === 204) return 'over'
  const type = headers.get('content-type') || 'no type'
  const isFine = !verdict && status === 200
  if (isFine && /^text\/event-stream\s*(;|$)/i.test(type)) return 'open'
  const what = isFine ? `${told} with ${type.split(';', 1)[0]}` : told
  const reason = isFine ? 'content-type' : 'status'
  const error = new StreamError(`${what} instead of a stream; check the address`, { reason, status, lastEventId })
  return { error, is: verdict ?? 'final' }
}

/** Returns the failure of a connection that broke off, or that could not be had. */
export function brokenOff({ lastEventId }: Target, cause?: unknown): Failure {
  const { retryAfterMs: waitMs } = Object(cause) as { retryAfterMs?: number }
  const told = { reason: 'interrupted', lastEventId, retryAfterMs: waitMs, cause } as const
  return { error: new StreamError('The stream broke off', told), is: 'passing' }
}
