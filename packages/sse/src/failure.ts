import { PermissionDeniedError } from '@reauth/core'

import type { Loss } from './loss.ts'
import type { Sent } from './request.ts'
import { StreamError } from './stream-error.ts'

/** Returns the error for a connection that was lost, or could not be had. */
export function lossError(
  { cause, status, retryAfterMs, isTooLong }: Loss,
  url: URL,
  lastEventId: string,
): StreamError {
  if (isTooLong) {
    const message = 'An event is longer than maxEventBytes; raise it, or have it sent in parts'
    return new StreamError(message, { reason: 'too-long', lastEventId })
  }
  if (status === undefined) {
    return new StreamError('The stream broke off', { reason: 'interrupted', lastEventId, cause })
  }
  const message = `${url.origin} answered ${status}; try later`
  return new StreamError(message, { reason: 'status', status, retryAfterMs, lastEventId })
}

/** Returns the error for an answer that is no stream and will not become one. */
export function answerError({ answer, response }: Sent, url: URL, lastEventId: string): Error {
  const { status, headers } = response as Response
  const told = `${url.origin} answered ${status}`
  if (answer === 'denied') return new PermissionDeniedError(`${told}: not allowed`)
  if (answer === 'not-a-stream') {
    const type = headers.get('content-type')?.split(';', 1)[0] || 'no type'
    const message = `${told} with ${type} instead of text/event-stream; check the address`
    return new StreamError(message, { reason: 'content-type', status, lastEventId })
  }
  return new StreamError(`${told} instead of a stream; check the address`, { reason: 'status', status, lastEventId })
}
