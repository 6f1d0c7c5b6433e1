import { authorizationOf, type Credential, defaultPlatform, timed } from '@reauth/core'

import { type Answer, answerOf, brokenOff } from './answer.ts'
import type { StreamOptions } from './stream-options.ts'
import type { Target } from './target.ts'

/** A request that was sent, and what came of it. */
export interface Sent {
  readonly answer: Answer
  /** None where there was no answer. */
  readonly response?: Response
  /** Has to be aborted at its end. */
  readonly request: AbortController
}

/** Sends one request, for what comes after the last id. */
export async function send(target: Target, credential: Credential | undefined): Promise<Sent> {
  const { url, init, options, signal } = target
  signal.throwIfAborted()
  const request = new AbortController()
  const abort = (): void => {
    request.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { signal: request.signal })
  const headers = headersOf(target, credential)
  let response
  try {
    const sending = (options.fetch ?? fetch)(url, { cache: 'no-store', ...init, headers, signal: request.signal })
    response = await heard(options, request, sending)
  } catch (cause) {
    return { answer: brokenOff(target, cause), request }
  }
  return { answer: answerOf(response, target), response, request }
}

/** Waits for what a server sends; ends the request when it is silent for too long. */
export function heard<T>({ heartbeatMs: ms }: StreamOptions, request: AbortController, task: Promise<T>): Promise<T> {
  if (ms === undefined) return task
  const giveUp = (): void => {
    request.abort(new Error(`Nothing came for ${ms} ms`))
  }
  return timed(defaultPlatform, ms, giveUp, () => task)
}

function headersOf({ init, lastEventId, firstEventId }: Target, credential: Credential | undefined): Headers {
  const headers = new Headers(init.headers)
  if (!headers.has('accept')) headers.set('accept', 'text/event-stream')
  const authorization = credential && authorizationOf(credential)
  if (authorization !== undefined) headers.set('authorization', authorization)
  // The caller's own header stays as it is, byte for byte.
  if (lastEventId === firstEventId) return headers
  if (lastEventId === '') headers.delete('last-event-id')
  else headers.set('last-event-id', bytesOf(lastEventId))
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
