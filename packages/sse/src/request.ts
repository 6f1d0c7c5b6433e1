import { authorizationOf, type Credential, defaultPlatform, timed } from '@reauth/core'

import { type Answer, answerOf } from './answer.ts'
import type { StreamOptions } from './stream-options.ts'

/** What a stream asks for, whoever asks. */
export interface Target {
  readonly url: URL
  readonly init: RequestInit
  readonly options: StreamOptions
  /** Ends whatever is under way. */
  readonly signal: AbortSignal
}

/** A request that was sent, and what came of it. */
export interface Sent {
  readonly answer: Answer
  /** None where there was no answer. */
  readonly response?: Response
  /** Has to be aborted at its end. */
  readonly request: AbortController
}

/** Sends one request; `lastEventId` is left to the caller's own header while it is undefined. */
export async function send(
  { url, init, options, signal }: Target,
  credential: Credential | undefined,
  lastEventId: string | undefined,
): Promise<Sent> {
  const { fetch = globalThis.fetch, heartbeatMs, classify } = options
  const request = new AbortController()
  const abort = (): void => {
    request.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { signal: request.signal })
  if (signal.aborted) abort()
  const headers = headersOf(init, credential, lastEventId)
  try {
    const sending = fetch(url, { cache: 'no-store', ...init, headers, signal: request.signal })
    const response = await heard(heartbeatMs, request, sending)
    return { answer: answerOf(response, url, classify), response, request }
  } catch (cause) {
    return { answer: { cause }, request }
  }
}

/** Waits for what a server sends; ends the request when it is silent for too long. */
export function heard<T>(ms: number | undefined, request: AbortController, task: Promise<T>): Promise<T> {
  if (ms === undefined) return task
  const giveUp = (): void => {
    request.abort(new Error(`Nothing came for ${ms} ms`))
  }
  return timed(defaultPlatform, ms, giveUp, () => task)
}

function headersOf(init: RequestInit, credential: Credential | undefined, lastEventId: string | undefined): Headers {
  const headers = new Headers(init.headers)
  if (!headers.has('accept')) headers.set('accept', 'text/event-stream')
  const authorization = credential && authorizationOf(credential)
  if (authorization !== undefined) headers.set('authorization', authorization)
  if (lastEventId === '') headers.delete('last-event-id')
  else if (lastEventId !== undefined) headers.set('last-event-id', bytesOf(lastEventId))
  return headers
}

/** A header is bytes, and an id goes as UTF-8. */
function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}

/** Lets go of a request whose answer nobody will read, so that its connection is free. */
export function drop({ request, response }: Sent): void {
  response?.body?.cancel().catch(() => {})
  request.abort()
}
