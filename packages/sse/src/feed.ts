import {
  backoff,
  type Credential,
  type CredentialSource,
  defaultPlatform,
  isReauthError,
  type RefreshError,
  sleep,
  whenAborted,
} from '@reauth/core'

import { type Connection, readEvents, type Sink, tooLong } from './connection.ts'
import { createDialer } from './dialer.ts'
import { answerError, lossError } from './failure.ts'
import { createHandover } from './handover.ts'
import type { Loss } from './loss.ts'
import { drop } from './request.ts'
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
  const { maxEventBytes = 4_194_304 } = options
  const isGet = /^get$/i.test(init.method ?? 'get')
  const seed = new Headers(init.headers).get('last-event-id') ?? ''
  const life = new AbortController()
  const { signal } = life
  const stops: (() => void)[] = []
  const dialer = createDialer(source, { url, init, options, signal }, endWith)
  let stage: 'new' | 'opening' | 'opened' | 'over' | 'told' = 'new'
  let connection: Connection | undefined
  let lastEventId = seed
  let retryMs: number | undefined
  /** How many connections in a row brought no event. */
  let failures = 0

  const live: Sink = {
    id(id) {
      if (!signal.aborted && handover?.isNew(id) !== false) lastEventId = id
    },
    event({ id, event = 'message', data }) {
      // What comes in one piece is never buffered.
      if (data.length > maxEventBytes) throw tooLong
      if (signal.aborted || handover?.isRepeated(id) === true) return
      failures = 0
      listener.onEvent({ type: event, data, lastEventId })
    },
    retry(ms) {
      // What is longer is no time, as browsers have it.
      if (Number.isSafeInteger(ms)) retryMs = ms
    },
  }
  const handover = options.handover === true && isGet ? createHandover(live, openNext, cut) : undefined

  function end(reason: unknown): void {
    if (signal.aborted) return
    stage = 'over'
    life.abort(reason)
    for (const stop of stops) stop()
    cut()
    handover?.stop()
  }

  function endWith(other: AbortSignal): void {
    const follow = (): void => {
      end(other.reason)
    }
    stops.push(whenAborted(other, follow))
    if (other.aborted) follow()
  }

  function cut(): void {
    connection?.close()
  }

  /** The id to say; undefined while it is the caller's own header. */
  const position = (): string | undefined => (lastEventId === seed ? undefined : lastEventId)

  async function openNext(credential: Credential, sink: Sink): Promise<Connection | undefined> {
    const sent = await dialer.dialWith(credential, position())
    if (sent.answer === 'open') return readEvents(sent, sink, options)
    drop(sent)
    return undefined
  }

  /** Connects. Returns undefined where the server says that there is no more. */
  async function connect(): Promise<Connection | Loss | undefined> {
    const sent = await dialer.dial(position()).catch(passing)
    signal.throwIfAborted()
    if (!('answer' in sent)) return sent
    const { answer, response } = sent
    if (answer === 'open') {
      if (stage === 'opening') hold()
      listener.onOpen?.(response as Response)
      return readEvents(sent, live, options)
    }
    drop(sent)
    if (answer === 'over') return undefined
    if (typeof answer === 'object') return answer
    throw answerError(sent, url, lastEventId)
  }

  /** A refresh that may work later is outlasted by what was open; before, it is the caller's to know. */
  function passing(cause: unknown): Loss {
    if (stage !== 'opened' || !isPassing(cause)) throw cause
    return { cause, retryAfterMs: cause.retryAfterMs }
  }

  /** From the first opening to the end. */
  function hold(): void {
    stage = 'opened'
    const held = source.hold({
      refreshAheadMs: options.minValidityMs,
      onCredential(credential) {
        if (connection !== undefined) handover?.start(credential)
      },
    })
    stops.push(held)
  }

  function tell(reason: string, ms = 0): void {
    source.trace?.({ type: 'reconnect', level: 'info', reason, origin: url.origin, ms })
  }

  /** Waits before the next attempt. Throws for what is not to be tried again. */
  async function rest(loss: Loss): Promise<void> {
    const error = lossError(loss, url, lastEventId)
    if (!isGet || loss.isTooLong) throw error
    const ms = Math.max(loss.retryAfterMs ?? 0, restMs(failures++, retryMs))
    tell(error.reason, ms)
    listener.onLost?.(error)
    await sleep(defaultPlatform, ms, signal)
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
      if (connection !== undefined) {
        tell('handover')
        continue
      }
      if (!isGet && !('cause' in loss) && !loss.isTooLong) return false
      await rest(loss)
      /* oxlint-enable no-await-in-loop */
    }
  }

  return {
    get isOver() {
      return signal.aborted
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
      // What ended it first is what counts, and it is told once.
      if (stage === 'told' || signal.reason === closed) return false
      stage = 'told'
      throw signal.reason
    },
  }
}

/** Returns how long to wait after so many failures in a row: by the server's word at first, then longer and longer. */
function restMs(failures: number, retryMs = 250): number {
  const minMs = failures === 0 ? retryMs : Math.max(retryMs, 250)
  return backoff(failures, { minMs, maxMs: Math.max(30_000, 2 * minMs) })
}

function isPassing(error: unknown): error is RefreshError {
  if (!isReauthError(error) || error.name !== 'RefreshError') return false
  return error.reason === 'unavailable' || error.reason === 'lost'
}
