import { classifyResponse, type Verdict } from '@reauth/core'

import type { MediaOptions } from './media-options.ts'

/** What a probe told: a verdict, or that the server gives what was asked for. Undefined: nothing. */
export type Finding = Verdict | 'served' | undefined

/**
 * Asks for the first byte of an item, with the cookies that the element sends: the element does not tell which status it
 * got. Finds nothing where nobody answers, or where another origin does not let the page read the answer (CORS).
 */
export async function examine(
  url: string,
  { crossOrigin, error }: HTMLMediaElement,
  { classify, probe = fetch }: MediaOptions,
  signal: AbortSignal,
): Promise<Finding> {
  let response
  try {
    response = await probe(url, {
      headers: { range: 'bytes=0-0' },
      credentials: crossOrigin === 'anonymous' ? 'same-origin' : 'include',
      cache: 'no-store',
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    })
  } catch {
    return undefined
  }
  // A server that knows no ranges would send all of it.
  response.body?.cancel().catch(() => {})
  const { status, ok } = response
  const verdict = classify?.({ mediaError: error, status })
  return verdict ?? classifyResponse(response) ?? (ok ? 'served' : undefined)
}
