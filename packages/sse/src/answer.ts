import { classifyResponse, retryAfterMs } from '@reauth/core'

import type { Loss } from './loss.ts'
import type { StreamOptions } from './stream-options.ts'

/** What an answer is to a stream. */
export type Answer = 'open' | 'over' | 'refused' | 'denied' | 'failed' | 'not-a-stream' | Loss

/** Returns what an answer is to a stream, by the caller's rule first. */
export function answerOf(response: Response, url: URL, classify: StreamOptions['classify']): Answer {
  const { status, headers } = response
  const verdict = classify?.(response) ?? classifyResponse(response, url)
  if (verdict === 'transient' || [408, 425, 429].includes(status) || status >= 500) {
    return { status, retryAfterMs: retryAfterMs(headers.get('retry-after')) }
  }
  if (verdict !== undefined) return verdict
  if (status === 204) return 'over'
  if (status !== 200) return 'failed'
  return /^text\/event-stream\s*(;|$)/i.test(headers.get('content-type') ?? '') ? 'open' : 'not-a-stream'
}
