import {
  backoff,
  type Credential,
  type CredentialSource,
  isReauthError,
  PermissionDeniedError,
  type RefreshError,
} from '@reauth/core'

import { acquireLive } from './acquire-live.ts'
import { type Connection, type Loss, readEvents, type Sink } from './connection.ts'
import { createHandover } from './handover.ts'
import { drop, isOneWay, send, type Sent, type Target } from './request.ts'
import { sleep } from './sleep.ts'
import { StreamError, type StreamErrorOptions, type StreamFailure } from './stream-error.ts'
import type { StreamOptions } from './stream-options.ts'

/** One event, as the WHATWG standard names its parts. */
export interface ServerSentEvent {
  /** `message` where the server gave it no other. */
  readonly type: string
  readonly data: string
  /** The last id that the stream had set by then: that of this event, or of one before. */
  readonly lastEventId: string
}

/** Hears of what a feed does. */
export interface FeedListener {
  onEvent(event: ServerSentEvent): void
  onOpen?(response: Response): void
  /** A connection was lost, or could not be had; another one will be tried. */
  onLost?(cause: unknown): void
}

/** The events of one URL, over as many connections as it takes. */
export interface Feed {
  /**
   * Reads until enough has come. Resolves with false when there is nothing more to come: the server has ended it, or it
   * was closed. Rejects with what ended it otherwise. One call at a time.
   */
  pull(isEnough: () => boolean): Promise<boolean>
  close(): void
  readonly isOver: boolean
  readonly lastEventId: string
}

const closed = Symbol('closed')

/** Returns a feed, which connects when it is first read. */
export function createFeed(
  source: CredentialSource,
  options: StreamOptions,
  url: URL,
  init: RequestInit,
  listener: FeedListener,
): Feed {
  const { minValidityMs = 300_000, anonymous = false, outliveSession = false } = options
  const isGet = /^get$/i.test(init.method ?? 'get')
  const life = new AbortController()
  const { signal } = life
  const target: Target = { url, init, options, signal }
  const asked = { minValidityMs, signal }
  const seed = new Headers(init.headers).get('last-event-id') ?? ''
  const stops: (() => void)[] = []
  let lastEventId = seed
  let retryMs: number | undefined
  /** How many connections in a row brought no event. */
  let failures = 0
  let stage: 'new' | 'opening' | 'opened' | 'over' = 'new'
  /** Whether it belongs to one who is signed in, and to nobody after. */
  let isOwned = false
  let connection: Connection | undefined
  let isTold = false

  const live: Sink = {
    id(id) {
      if (stage !== 'over' && handover?.isNew(id) !== false) lastEventId = id
    },
    event({ id, event = 'message', data }) {
      if (stage === 'over' || handover?.isRepeated(id) === true) return
      failures = 0
      listener.onEvent({ type: event, data, lastEventId })
    },
    retry(ms) {
      // More than that is no time, as browsers have it.
      if (Number.isSafeInteger(ms)) retryMs = ms
    },
  }
  const handover =
    options.handover === true && isGet ? createHandover(live, openNext, () => connection?.close()) : undefined

  function end(reason: unknown): void {
    if (stage === 'over') return
    stage = 'over'
    life.abort(reason)
    for (const stop of stops) stop()
    connection?.close()
    handover?.stop()
  }

  function endWith(other: AbortSignal): void {
    const follow = (): void => {
      end(other.reason)
    }
    other.addEventListener('abort', follow)
    stops.push(() => {
      other.removeEventListener('abort', follow)
    })
    if (other.aborted) follow()
  }

  async function enter(): Promise<Credential | undefined> {
    const first = await acquireLive(source, asked, anonymous)
    isOwned = first !== undefined
    if (first !== undefined && !outliveSession) endWith(first.ends)
    return first?.credential
  }

  function sendWith(credential: Credential | undefined): Promise<Sent> {
    return send(target, credential, lastEventId === seed ? undefined : lastEventId)
  }

  /** Sends, and once more after a refusal. */
  async function sendFresh(): Promise<Sent> {
    const credential = isOwned ? await source.acquire(asked) : await enter()
    signal.throwIfAborted()
    const sent = await sendWith(credential)
    if (sent.answer !== 'refused' || credential === undefined) return sent
    if (isOneWay(init)) {
      // The next stream finds a newer one; this answer is all that can be had.
      source.acquire({ refused: credential }).catch(() => {})
      return sent
    }
    drop(sent)
    const second = await source.acquire({ ...asked, refused: credential })
    signal.throwIfAborted()
    source.trace?.({ type: 'replay', level: 'info', version: second.version, origin: url.origin })
    const replayed = await sendWith(second)
    if (replayed.answer === 'refused') {
      drop(replayed)
      await source.acquire({ refused: second, final: true, signal })
    }
    return replayed
  }

  async function openNext(credential: Credential, sink: Sink): Promise<Connection | undefined> {
    const sent = await sendWith(credential)
    if (sent.answer === 'open') return readEvents(sent, sink, options)
    drop(sent)
    return undefined
  }

  /** Connects. Returns undefined where the server says that there is no more. */
  async function connect(): Promise<Connection | Loss | undefined> {
    let sent: Sent
    try {
      sent = await sendFresh()
    } catch (cause) {
      // Before the first opening it is the caller's to know; later the stream outlasts it.
      if (stage === 'opened' && isGet && isPassing(cause)) return { cause, retryAfterMs: cause.retryAfterMs }
      throw cause
    }
    signal.throwIfAborted()
    const { answer, response } = sent
    if (answer === 'open') {
      if (stage !== 'opened') hold()
      listener.onOpen?.(response as Response)
      return readEvents(sent, live, options)
    }
    drop(sent)
    if (answer === 'over') return undefined
    if (typeof answer === 'object') return answer
    const { status, headers } = response as Response
    const told = `${url.origin} answered ${status}`
    if (answer === 'denied') throw new PermissionDeniedError(`${told}: not allowed`)
    if (answer !== 'not-a-stream') throw failure(`${told}, which is no stream; check its path`, 'status', { status })
    const type = headers.get('content-type')?.split(';', 1)[0]
    throw failure(`${told} with ${type || 'no type'} instead of text/event-stream`, 'content-type', { status })
  }

  function failure(message: string, reason: StreamFailure, more: Omit<StreamErrorOptions, 'reason'>): StreamError {
    return new StreamError(message, { reason, lastEventId, ...more })
  }

  function errorOf({ cause, status, retryAfterMs, isTooLong }: Loss): StreamError {
    if (isTooLong)
      return failure('An event is longer than maxEventBytes; raise it, or have it sent in parts', 'too-long', {})
    if (status === undefined) return failure('The stream broke off', 'interrupted', { cause })
    return failure(`${url.origin} answered ${status}; try later`, 'status', { status, retryAfterMs })
  }

  /** From the first opening to the end. */
  function hold(): void {
    stage = 'opened'
    const held = source.hold({
      refreshAheadMs: minValidityMs,
      onCredential(credential) {
        if (connection !== undefined) handover?.start(credential)
      },
    })
    stops.push(held)
  }

  /** Waits before the next attempt. Throws for what is not to be tried again. */
  async function rest(loss: Loss): Promise<void> {
    const error = errorOf(loss)
    if (!isGet || loss.isTooLong) throw error
    const minMs = Math.max(retryMs ?? 250, failures > 0 ? 250 : 0)
    const ms = Math.max(loss.retryAfterMs ?? 0, backoff(failures++, { minMs, maxMs: Math.max(30_000, 2 * minMs) }))
    source.trace?.({ type: 'reconnect', level: 'info', reason: error.reason, origin: url.origin, ms })
    listener.onLost?.(error)
    await sleep(ms, signal)
  }

  /** Reads on, over other connections if need be; false at the end. */
  async function read(isEnough: () => boolean): Promise<boolean> {
    for (;;) {
      // One after the other: each connection goes on where the one before has stopped.
      /* oxlint-disable no-await-in-loop */
      signal.throwIfAborted()
      const found = connection ?? (await connect())
      if (found === undefined) return false
      if (!('read' in found)) {
        await rest(found)
        continue
      }
      connection = found
      const loss = await found.read(isEnough)
      if (loss === undefined) return true
      found.close()
      signal.throwIfAborted()
      connection = await handover?.take()
      if (connection !== undefined) continue
      if (!isGet && !('cause' in loss) && !loss.isTooLong) return false
      await rest(loss)
      /* oxlint-enable no-await-in-loop */
    }
  }

  return {
    get isOver() {
      return stage === 'over'
    },
    get lastEventId() {
      return lastEventId
    },
    close() {
      end(closed)
    },
    async pull(isEnough) {
      if (stage === 'new') {
        stage = 'opening'
        if (init.signal) endWith(init.signal)
      }
      try {
        if (await read(isEnough)) return true
        end(closed)
      } catch (error) {
        end(error)
      }
      // What ended it first is what counts.
      if (signal.reason === closed || isTold) return false
      isTold = true
      throw signal.reason
    },
  }
}

function isPassing(error: unknown): error is RefreshError {
  if (!isReauthError(error) || error.name !== 'RefreshError') return false
  return error.reason === 'unavailable' || error.reason === 'lost'
}
