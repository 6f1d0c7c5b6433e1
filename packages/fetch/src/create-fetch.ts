import {
  acquireFirst,
  type AcquireOptions,
  authorizationOf,
  type Credential,
  type CredentialSource,
  isOneWay,
  replay,
} from '@reauth/core'

import { type Attach, sendAttached } from './attached.ts'
import { hasAuthorization, readable, type Readable, withAuthorization } from './authorization.ts'
import { isMarked, registerWrapper, sendBare, underWrappers } from './bare-fetch.ts'
import { copiesOf, discard, isRequest, referrerOf } from './body.ts'
import { addressOf, createRefusalWarning, isListed } from './destination.ts'
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
  const warn = createRefusalWarning(source)
  const isRefused = (response: Response, input: Input): boolean =>
    (classify !== undefined || response.status === 401) && verdictOf(response, input, classify) === 'refused'

  const send: typeof fetch = options.fetch ?? sendBare
  const under = options.fetch ?? underWrappers(globalThis.fetch)

  async function wrapper(input: Input, init?: RequestInit): Promise<Response> {
    if (isMarked(init)) return under(input, init)
    if (!isListed(source, input)) {
      const response = await send(input, init)
      warn(response.status, input)
      return response
    }
    const request = isRequest(input) ? input : undefined
    const headers = readable(init?.headers ?? request?.headers)
    const isForeign = hasAuthorization(headers)
    if (isForeign && authorization === 'keep') return send(input, init)

    const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined
    const isSpent = isOneWay(init?.body)
    const minValidityMs = options.minValidityMs ?? (isSpent ? 60_000 : undefined)
    const asked = (signal ?? minValidityMs) ? { minValidityMs, signal } : undefined
    const copy = request === undefined || init?.body ? undefined : copiesOf(request)
    const call: Call = { input, given: init ?? referrerOf(request), headers, isForeign, asked, isSpent, copy }
    // Before the wait: an end that comes before the sending is then in this signal, whoever signs in behind it.
    const ends = source.signal
    if (ends.aborted) return revived(call, init)
    const credential = await source.acquire(asked)
    const response = await attempt(call, credential, ends)
    return isRefused(response, input) ? again(call, credential, response) : response
  }

  /** Sends where the session was not active before: bare if nobody was signed in. */
  async function revived(call: Call, init: RequestInit | undefined): Promise<Response> {
    const live = await acquireFirst(source, call.asked)
    if (live === undefined) return send(call.input, init)
    const response = await attempt(call, live.credential, live.ends)
    return isRefused(response, call.input) ? again(call, live.credential, response) : response
  }

  function attempt(call: Call, credential: Credential, ends: AbortSignal): Promise<Response> {
    const { input, given, copy, headers, isForeign } = call
    const signal = call.asked?.signal
    const until = outliveSession ? (signal ?? null) : signal ? AbortSignal.any([signal, ends]) : ends
    if (attach !== undefined) {
      const init = { ...given, signal: until }
      return sendAttached(send, copy ?? (() => input), init, credential, attach, call.isSpent)
    }
    const value = authorizationOf(credential)
    const placed = value === undefined ? headers : withAuthorization(headers, value, isForeign)
    return send(copy === undefined ? input : copy(), { ...given, headers: placed, signal: until } as RequestInit)
  }

  function again(call: Call, refused: Credential, response: Response): Promise<Response> {
    const { input, asked, isSpent } = call
    return replay(source, refused, response, {
      address: addressOf(input),
      asked,
      isSpent,
      send: ({ credential, ends }) => attempt(call, credential, ends),
      isRefused: (answer) => isRefused(answer, input),
      drop: discard,
    })
  }

  registerWrapper(wrapper, under)
  return wrapper
}

/** One call, as it is sent and sent again. */
interface Call {
  readonly input: Input
  readonly given: RequestInit | undefined
  readonly headers: Readable | undefined
  readonly isForeign: boolean
  readonly asked: AcquireOptions | undefined
  readonly isSpent: boolean
  readonly copy: (() => Request) | undefined
}
