import {
  backoff,
  type Credential,
  type CredentialSource,
  defaultPlatform,
  type Disposer,
  isReauthError,
  sleep,
  whenAborted,
} from '@reauth/core'

import { brokenOff, type Failure } from './answer.ts'
import { type Connection, readEvents, type Sink } from './connection.ts'
import { createDialer } from './dialer.ts'
import { createHandover } from './handover.ts'
import { drop, send } from './request.ts'
import type { StreamError } from './stream-error.ts'
import type { StreamOptions } from './stream-options.ts'
import type { Target } from './target.ts'

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
  /** Whether enough has come for now. @default never */
  isEnough?: () => boolean
  onOpen?(response: Response): void
  /** A connection was lost, or could not be had; another one will be tried. */
  onLost?(cause: unknown): void
}

/** The events of one URL, over as many connections as it takes. */
export interface Feed {
  /**
   * Reads, from where it has stopped, until enough has come. It is done when there is nothing more to come: the server has
   * ended it, or it was closed. Rejects with what ended it otherwise, once.
   */
  read(): Promise<IteratorResult<undefined, undefined>>
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
  given: RequestInit | null | undefined,
  listener: FeedListener,
): Feed {
  const { onEvent, isEnough = () => false } = listener
  const init = given ?? {}
  const isGet = /^get$/i.test(init.method ?? 'get')
  // What cannot be sent would be tried for ever.
  if (isGet) void new Request(url, { ...init, signal: null })
  const firstEventId = new Headers(init.headers).get('last-event-id') ?? ''
  const life = new AbortController()
  const { signal } = life
  let lastEventId = firstEventId
  const target: Target = {
    url,
    init,
    options,
    signal,
    firstEventId,
    get lastEventId() {
      return lastEventId
    },
  }
  const stops: (() => void)[] = []
  const dial = createDialer(source, target, endWith)
  /** From the first opening to the end. */
  let held: Disposer | undefined
  let connection: Connection | undefined
  let retryMs: number | undefined
  /** How many connections in a row brought no event. */
  let failures = 0

  let isOver = false
  const live: Sink = {
    id(id) {
      if (!isOver && handover?.isNew(id) !== false) lastEventId = id
    },
    event({ id, event = 'message', data }) {
      if (isOver || handover?.isRepeated(id) === true) return
      failures = 0
      onEvent({ type: event, data, lastEventId })
    },
    retry(ms) {
      // What is longer is no time, as browsers have it.
      if (Number.isSafeInteger(ms)) retryMs = ms
    },
  }
  const handover = options.handover === true && isGet ? createHandover(live, openNext, cut) : undefined

  function end(reason: unknown): void {
    if (isOver) return
    isOver = true
    life.abort(reason)
    for (const stop of stops) stop()
    cut()
    handover?.stop()
  }

  function endWith(other: AbortSignal): void {
    if (isOver) return
    const follow = (): void => {
      end(other.reason)
    }
    stops.push(whenAborted(other, follow))
    if (other.aborted) follow()
  }

  function cut(): void {
    connection?.close()
  }

  async function openNext(credential: Credential, sink: Sink): Promise<Connection | undefined> {
    const sent = await send(target, credential)
    if (sent.answer === 'open') return readEvents(sent, sink, target)
    drop(sent)
    return undefined
  }

  /** Connects; returns why it has not. */
  async function connect(): Promise<Connection | 'over' | Failure> {
    const sent = await dial().catch(passing)
    const isSent = 'answer' in sent
    // The caller's fetch may heed no signal.
    if (isSent && (isOver || sent.answer !== 'open')) drop(sent)
    signal.throwIfAborted()
    if (!isSent) return sent
    const { answer, response } = sent
    if (answer !== 'open') return answer
    held ??= hold()
    // Before anybody hears of it, who may close it.
    connection = readEvents(sent, live, target)
    listener.onOpen?.(response as Response)
    return connection
  }

  /** A refresh that may work later is outlasted by what was open; before, it is the caller's to know. */
  function passing(cause: unknown): Failure {
    const isPassing =
      isReauthError(cause) && cause.name === 'RefreshError' && ['unavailable', 'lost'].includes(cause.reason)
    if (held === undefined || !isPassing) throw cause
    return brokenOff(target, cause)
  }

  function hold(): Disposer {
    const stop = source.hold({
      refreshAheadMs: options.minValidityMs,
      onCredential(credential) {
        if (connection !== undefined) handover?.start(credential)
      },
    })
    stops.push(stop)
    return stop
  }

  function tell(reason: string, ms = 0): void {
    source.trace?.({ type: 'reconnect', level: 'info', reason, origin: url.origin, ms })
  }

  /** Waits before the next attempt. Throws for what is not to be tried again. */
  async function rest({ error, is }: Failure): Promise<void> {
    if (!isGet || is !== 'passing') throw error
    const { reason, retryAfterMs = 0 } = error as StreamError
    const ms = Math.max(retryAfterMs, restMs(failures++, retryMs))
    tell(reason, ms)
    listener.onLost?.(error)
    await sleep(defaultPlatform, ms, signal)
  }

  async function* run(): AsyncGenerator<undefined, undefined> {
    try {
      if (init.signal) endWith(init.signal)
      for (;;) {
        // One after the other: each connection goes on where the one before has stopped.
        /* oxlint-disable no-await-in-loop */
        signal.throwIfAborted()
        const found = connection ?? (await connect())
        if (found === 'over') return
        if ('error' in found) {
          await rest(found)
          continue
        }
        const ending = await found.read(isEnough)
        if (ending === undefined) {
          yield
          continue
        }
        found.close()
        signal.throwIfAborted()
        connection = await handover?.take()
        if (connection !== undefined) tell('handover')
        else if (ending !== 'over') await rest(ending)
        else if (isGet) await rest(brokenOff(target))
        else return
        /* oxlint-enable no-await-in-loop */
      }
    } catch (error) {
      end(error)
      // What ended it first is what counts.
      if (signal.reason !== closed) throw signal.reason
    } finally {
      end(closed)
    }
  }

  const running = run()
  return {
    read: () => running.next(),
    get isOver() {
      return isOver
    },
    get lastEventId() {
      return lastEventId
    },
    close() {
      end(closed)
    },
  }
}

/** Returns how long to wait after so many failures in a row: by the server's word at first, then longer and longer. */
function restMs(failures: number, retryMs = 250): number {
  const minMs = failures === 0 ? retryMs : Math.max(retryMs, 250)
  return backoff(failures, { minMs, maxMs: Math.max(30_000, 2 * minMs) })
}
