import {
  acquireFirst,
  acquireLive,
  authorizationOf,
  type CredentialSource,
  isOneWay,
  type Live,
  PermissionDeniedError,
  replay,
} from '@reauth/core'
import { type AfterResponseState, type Hooks, type Options, TimeoutError } from 'ky'

import { sendAttached } from './attached.ts'
import { sendBare } from './bare-fetch.ts'
import { copiesOf, discard, referrerOf } from './body.ts'
import type { FetchOptions } from './create-fetch.ts'
import { createRefusalWarning } from './destination.ts'
import { verdictOf } from './verdict.ts'

/** As for `createFetch`; what sends is the fetch that ky was given. */
export type KyAuthOptions = Pick<FetchOptions, 'minValidityMs' | 'authorization' | 'attach' | 'classify'>

/** One call through ky: what its hooks have to know of each other. */
interface Call {
  readonly fetch: typeof fetch
  readonly timeoutMs: number | false
  readonly throwsFor: (status: number) => boolean
  readonly isOneWay: boolean
  /** ky itself keeps an unread copy of what it sends, for its retries. */
  readonly isKept: boolean
  live?: Live | undefined
  /** What was sent last: the abort of a Request that is collected is lost in Node. */
  sent?: Request
  /** What ky handed to fetch beside it. */
  rest?: RequestInit | undefined
  /** A supply of it, with whatever other hooks made of it. */
  copy?: () => Request
  isReplayed?: boolean
}

/**
 * Returns hooks for `ky.extend` or `ky.create` that send the session's credential to the session's origins, and replay
 * a request once after a refusal, whatever ky's `retry` says and without spending it. The time of a refresh does not
 * count against ky's `timeout`. A denial rejects with `PermissionDeniedError` where ky would throw an `HTTPError`.
 */
export function kyAuth(source: CredentialSource, options: KyAuthOptions = {}): { hooks: Hooks } {
  const { authorization = 'keep', attach, classify } = options
  const warn = createRefusalWarning(source)
  // ky takes fetch, timeout and throwHttpErrors out of the options that later hooks see; the context is left in.
  const key = Symbol('reauth')
  const callOf = ({ context }: { context: object }): Call => (context as { [key]: Call })[key]

  function begin(kyOptions: Options): void {
    const { fetch = sendBare, timeout = 10_000, throwHttpErrors = true, body, retry } = kyOptions
    const throwsFor = typeof throwHttpErrors === 'function' ? throwHttpErrors : () => throwHttpErrors
    const call: Call = { fetch, timeoutMs: timeout, throwsFor, isOneWay: isOneWay(body), isKept: limitOf(retry) > 0 }
    kyOptions.context = Object.assign(kyOptions.context ?? {}, { [key]: call })
    kyOptions.fetch = (request, rest) => send(call, request as Request, rest)
  }

  const waiting = (call: Call, signal: AbortSignal): { minValidityMs: number; signal: AbortSignal } => ({
    minValidityMs: options.minValidityMs ?? (call.isOneWay ? 60_000 : 0),
    signal,
  })

  function place(request: Request, live: Live | undefined): void {
    const value = live && authorizationOf(live.credential)
    if (attach === undefined && value !== undefined) request.headers.set('authorization', value)
  }

  function send(call: Call, request: Request, init: RequestInit | undefined): Promise<Response> {
    const { fetch, live } = call
    if (live === undefined) return fetch(request, init)
    if (!source.origins(request.url)) return fetch(withoutOurs(call, request, live), init)
    const isCopied = attach !== undefined || !call.isKept
    const copy = call.isOneWay || !isCopied ? () => request : copiesOf(request)
    call.sent = request
    call.rest = init
    call.copy = copy
    const given = { ...referrerOf(request), ...init, signal: AbortSignal.any([request.signal, live.ends]) }
    if (attach === undefined) return fetch(copy(), given)
    return sendAttached(fetch, copy, given, live.credential, attach, call.isOneWay)
  }

  async function resend(call: Call, kept: Request): Promise<Response> {
    const { signal } = kept
    // ky may need its copy again.
    const copy = call.isKept ? kept.clone() : (call.copy?.() as Request)
    const request = new Request(copy, { ...referrerOf(call.sent), signal })
    place(request, call.live)
    const { timeoutMs, rest } = call
    if (timeoutMs === false) return send(call, request, rest)
    return new Promise((resolve, reject) => {
      const late = new AbortController()
      const timer = setTimeout(() => {
        const error = new TimeoutError(request)
        late.abort(error)
        // The caller's fetch may heed no signal.
        reject(error)
      }, timeoutMs)
      const until = AbortSignal.any([signal, late.signal])
      const bounded = new Request(request, { ...referrerOf(request), signal: until })
      void send(call, bounded, rest)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer)
        })
    })
  }

  /** Returns whether an answer is a refusal; throws for a denial. */
  function isRefused(call: Call, response: Response, url: string): boolean {
    const verdict = verdictOf(response, url, classify)
    if (verdict === 'denied' && call.throwsFor(response.status)) {
      throw new PermissionDeniedError(`${new URL(url).origin} answered ${response.status}: not allowed`)
    }
    return verdict === 'refused'
  }

  async function afterResponse({
    request,
    options: kyOptions,
    response,
  }: AfterResponseState): Promise<Response | void> {
    const call = callOf(kyOptions)
    if (call.live === undefined) {
      const isForeign = request.headers.has('authorization')
      if (!isForeign && !source.origins(request.url)) warn(response.status, request)
      return undefined
    }
    // A hook answered in the server's place.
    if (call.sent === undefined) return undefined
    if (!isRefused(call, response, request.url)) return undefined
    const final = call.isReplayed === true
    call.isReplayed = true
    return replay(source, call.live.credential, response, {
      address: request.url,
      asked: { ...waiting(call, request.signal), final },
      isSpent: call.isOneWay,
      send(live) {
        call.live = live
        return resend(call, request)
      },
      isRefused: (answer) => isRefused(call, answer, request.url),
      drop: discard,
    })
  }

  return {
    hooks: {
      init: [begin],
      beforeRequest: [
        async ({ request, options: kyOptions }) => {
          if (!source.origins(request.url)) return
          if (authorization === 'keep' && request.headers.has('authorization')) return
          const call = callOf(kyOptions)
          call.live = await acquireFirst(source, waiting(call, request.signal))
          place(request, call.live)
        },
      ],
      beforeRetry: [
        async ({ request, options: kyOptions }) => {
          const call = callOf(kyOptions)
          if (call.live === undefined) return
          // It was the request of a user who has left.
          if (call.live.ends.aborted) throw call.live.ends.reason
          call.live = await acquireLive(source, waiting(call, request.signal))
          place(request, call.live)
        },
      ],
      afterResponse: [afterResponse],
    },
  }
}

/** A hook led the request elsewhere, with what we had put on it. */
function withoutOurs(call: Call, request: Request, live: Live): Request {
  call.live = undefined
  if (request.headers.get('authorization') === authorizationOf(live.credential)) request.headers.delete('authorization')
  return request
}

/** Returns the limit of a `retry` option, which is 2 without one. */
function limitOf(retry: Options['retry']): number {
  return typeof retry === 'object' ? (retry.limit ?? 2) : (retry ?? 2)
}
