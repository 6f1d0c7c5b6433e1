import type { Credential, CredentialSource } from '@reauth/core'

import { acquireFirst } from './acquire-first.ts'
import { type Attach, sendAttached } from './attached.ts'
import { authorizationOf, hasAuthorization, withAuthorization } from './authorization.ts'
import { bareFetch, registerWrapper } from './bare-fetch.ts'
import { copiesOf, discard, isStream } from './body.ts'
import { createUnlistedWarning, isListed, urlOf } from './destination.ts'
import { type Classify, verdictOf } from './verdict.ts'

export interface FetchOptions {
  /**
   * What sends.
   *
   * @default the global fetch of the moment
   */
  fetch?: typeof fetch
  /**
   * How long a credential must live to be sent, in ms.
   *
   * @default the session's leeway; 60_000 for a body that is a stream, which cannot be sent twice
   */
  minValidityMs?: number
  /**
   * What happens to a request that has an `Authorization` of its own: `keep` leaves the whole request alone, `replace`
   * puts ours in its place, for SDKs that insist on a key.
   *
   * @default 'keep'
   */
  authorization?: 'keep' | 'replace'
  /**
   * Puts the credential on a request in another way than the `Authorization` header, such as DPoP. Called for every
   * attempt; `challenge` is the answer that asked for a DPoP nonce, after which the attempt is repeated once.
   */
  attach?: Attach
  /** Says what an answer means where the status does not; undefined leaves it to the rules (401 is a refusal). */
  classify?: Classify
  /**
   * Whether requests live on when the session ends, such as the sign-out call itself.
   *
   * @default false
   */
  outliveSession?: boolean
}

type Input = RequestInfo | URL

/**
 * Returns a `fetch` that sends the session's credential to the session's origins, and replays a request once after a
 * refusal. Signed out, it sends bare and returns the answer as it is.
 *
 * Rejects as fetch does, and with `AuthenticationError` or `RefreshError`; a 403 resolves.
 */
export function createFetch(source: CredentialSource, options: FetchOptions = {}): typeof fetch {
  const { authorization = 'keep', attach, classify, outliveSession = false } = options
  const warn = createUnlistedWarning(source)
  const isRefused = (response: Response, input: Input): boolean => verdictOf(response, input, classify) === 'refused'

  async function wrapper(input: Input, init?: RequestInit): Promise<Response> {
    const send = options.fetch ?? bareFetch()
    if (!isListed(source, input)) {
      const response = await send(input, init)
      warn(response.status, input)
      return response
    }
    // A Request brings headers and a signal; a string has neither.
    const { headers: own, signal: theirs } = input as Partial<Request>
    const headers = init?.headers ?? own
    const isForeign = hasAuthorization(headers)
    if (isForeign && authorization === 'keep') return send(input, init)

    const signal = init?.signal ?? theirs
    const isOneWay = isStream(init?.body)
    const minValidityMs = options.minValidityMs ?? (isOneWay ? 60_000 : 0)
    const first = await acquireFirst(source, { minValidityMs, signal })
    if (first === undefined) return send(input, init)

    const copy = init?.body ? () => input : copiesOf(input)
    const attempt = (credential: Credential): Promise<Response> => {
      const ends = outliveSession ? signal : signal ? AbortSignal.any([signal, source.signal]) : source.signal
      const given = { ...init, signal: ends ?? null }
      if (attach !== undefined) return sendAttached(send, copy, given, credential, attach)
      const value = authorizationOf(credential)
      if (value === undefined) return send(copy(), given)
      return send(copy(), { ...given, headers: withAuthorization(isForeign ? new Headers(headers) : headers, value) })
    }

    const response = await attempt(first)
    if (!isRefused(response, input)) return response
    if (isOneWay) {
      // The next call finds a newer one; this answer is all that its caller can have.
      source.acquire({ refused: first }).catch(() => {})
      return response
    }
    discard(response)
    const second = await source.acquire({ refused: first, minValidityMs, signal })
    source.trace?.({ type: 'replay', level: 'info', version: second.version, origin: urlOf(input).origin })
    const replayed = await attempt(second)
    if (isRefused(replayed, input)) {
      discard(replayed)
      await source.acquire({ refused: second, final: true, signal })
    }
    return replayed
  }

  registerWrapper(wrapper, options.fetch ?? bareFetch())
  return wrapper
}
