import { classifyResponse, type Verdict } from '@reauth/core'

/** What is known of a failure: the element's own error, and what a probe was answered. */
export interface Failure {
  /** Absent where a `<source>` failed, and where nothing came at all. */
  readonly mediaError?: MediaError | undefined
  /** The HTTP status; absent before the probe. */
  readonly status?: number
}

/** Says what a failure means where the rules do not; undefined leaves it to them. */
export type Classify = (failure: Failure) => Verdict | undefined

/** Sends a probe, as `fetch` does. */
export type Probe = (url: string, init: RequestInit) => Promise<Response>

/** What a probe told: a verdict, if there is one, and whether the server gives what was asked for. */
export interface Finding {
  readonly verdict?: Verdict | undefined
  readonly isServed?: boolean
}

const timeoutMs = 5000

/**
 * Asks for the first byte of an item, with the cookies that the element sends: the element does not tell which status it
 * got. Finds nothing where nobody answers, or where another origin does not let the page read the answer (CORS).
 */
export async function find(
  url: string,
  { crossOrigin }: HTMLMediaElement,
  probe: Probe,
  signal: AbortSignal,
): Promise<Response | undefined> {
  try {
    const response = await probe(url, {
      headers: { range: 'bytes=0-0' },
      credentials: crossOrigin === 'anonymous' ? 'same-origin' : 'include',
      cache: 'no-store',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    // A server that knows no ranges would send all of it.
    response.body?.cancel().catch(() => {})
    return response
  } catch {
    return undefined
  }
}

/** Returns what an answer to a probe means, by the caller's rule first. */
export function findingOf(response: Response | undefined, failure: Failure, classify: Classify | undefined): Finding {
  if (response === undefined) return {}
  const { status, ok } = response
  return { verdict: classify?.({ ...failure, status }) ?? classifyResponse(response), isServed: ok }
}
