import { type Credential, type Live, whenAborted } from '@reauth/core'

import { handshakeOf, type HandshakeOptions, supply } from './handshake.ts'
import { type Answer, type Loss, provedMs } from './loss.ts'
import type { Data } from './outbox.ts'
import { meteredSender, type Sender } from './sender.ts'
import type { Handshake, Transport } from './transport.ts'

/** What every connection of a socket is made from. */
export interface LineOptions extends HandshakeOptions {
  readonly transport: Transport
  readonly binaryType: () => BinaryType
}

/** What a line tells. */
interface LineListener {
  message(event: MessageEvent): void
  /** The end, once; nothing comes after it. */
  lost(loss: Loss): void
}

/** One connection whose credential was taken, until its end. */
export interface Line extends Sender {
  readonly socket: WebSocket
  /** What the server knows it by. */
  readonly credential: Credential | undefined
  /** Set when anything comes. */
  isHeard: boolean
  readonly isOver: boolean
  /** Calls back at the end, whatever it was. */
  whenOver(stop: () => void): void
  /** Tells whoever listens from now on, first of what came before. */
  listen(listener: LineListener): void
  /** Sends what is nobody's to get back. */
  sendOwn(text: string): void
  /** Sends a credential, once the one before is acknowledged: so each acknowledgement is known to be its own. */
  present(credential: Credential): void
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void
  /** Takes it for dead. */
  giveUp(): void
}

/** How long a handshake may take, with what it needs, and how long an acknowledgement. */
const patienceMs = 10_000
/** How long the other end may take to close. */
const closingMs = 5000

/** Opens a connection and presents the credential. Once its signal aborts it is closed, and tells nothing any more. */
export function openLine(
  options: LineOptions,
  { credential, ends }: Partial<Live>,
  signal: AbortSignal,
): Promise<Line | Loss> {
  return new Promise((resolve) => {
    const { transport, placement } = options
    const backlog: MessageEvent[] = []
    const stops: (() => void)[] = []
    /** What was sent that is nobody's to get back. */
    const own = new Set<Data>()
    let socket: WebSocket | undefined
    let known = credential
    let isOpened = false
    let isProved = false
    let listenedAt = Infinity
    let ended: Loss | undefined
    let timer: ReturnType<typeof setTimeout>
    let receive = (event: MessageEvent): void => void backlog.push(event)
    let lost: LineListener['lost'] = resolve
    /** What is to be acknowledged. */
    let pending: Credential[] = []

    function endAfter(ms: number, how: Partial<Loss>): void {
      clearTimeout(timer)
      if (ended === undefined) timer = setTimeout(end, ms, how)
    }

    function end(how: Partial<Loss>): void {
      if (ended !== undefined) return
      const livedMs = Date.now() - listenedAt
      isProved ||= livedMs >= provedMs
      ended = { ...how, credential: known, isOpened, isProved, livedMs }
      clearTimeout(timer)
      close(1000)
      tellEnd(ended)
      for (const stop of stops) stop()
    }

    /** Ends for what would be wrong at the next try, too. */
    function misused(cause: unknown): void {
      end({ cause, isMisuse: true })
    }

    /** Tells who listens, once; or who comes to listen. */
    function tellEnd(loss: Loss): void {
      const tell = lost
      lost = resolve
      tell(loss)
    }

    function close(code?: number, reason?: string): void {
      // One that closes already has its code.
      if (socket !== undefined && socket.readyState < 2) socket.close(code, reason)
    }

    function connect(made: WebSocket): void {
      socket = made
      made.binaryType = options.binaryType()
      const { send, unsent } = (transport.sender ?? meteredSender)(made)
      const line: Line = {
        socket: made,
        get credential() {
          return known
        },
        isHeard: false,
        get isOver() {
          return ended !== undefined
        },
        whenOver(stop) {
          if (ended === undefined) stops.push(stop)
          else stop()
        },
        send,
        unsent: () => unsent().filter((data) => !own.has(data)),
        listen({ message, lost: over }) {
          listenedAt = Date.now()
          lost = over
          receive = (event) => {
            isProved = true
            message(event)
          }
          for (const event of backlog.splice(0)) receive(event)
          if (ended !== undefined) tellEnd(ended)
        },
        sendOwn(text) {
          own.add(text)
          send(text)
        },
        present(newer) {
          if (made.readyState !== 1) return
          // Where nobody says so, a refusal may still be that of the old one, which costs no refresh.
          if (placement.acknowledged === undefined) offer(newer)
          else if (pending.push(newer) === 1) expect(newer)
        },
        close(code, reason) {
          // What is under way is answered yet.
          pending = pending.slice(0, 1)
          endAfter(closingMs, {})
          close(code, reason)
        },
        giveUp() {
          end({ isSilent: true })
        },
      }
      function offer(newer: Credential): void {
        try {
          line.sendOwn(placement.message!(newer))
        } catch (cause) {
          misused(cause)
        }
      }
      function expect(newer: Credential): void {
        offer(newer)
        endAfter(patienceMs, { isSilent: true })
      }
      function ready(): void {
        if (made.readyState < 2) clearTimeout(timer)
        resolve(line)
      }
      made.addEventListener('open', () => {
        isOpened = true
        if (credential !== undefined && placement.message !== undefined) line.present(credential)
        if (pending.length === 0) ready()
      })
      made.addEventListener('message', (event) => {
        if (ended !== undefined) return
        line.isHeard = true
        if (pending.length === 0 || !placement.acknowledged!(event)) return receive(event)
        known = pending.shift()
        ready()
        if (pending.length > 0) expect(pending[0]!)
      })
      made.addEventListener('close', ({ code, reason, wasClean }) => {
        end({ code, reason, wasClean })
      })
      // Some platforms tell no close where a handshake failed, and some throw an error that nobody hears.
      made.addEventListener('error', () => {
        end({ code: 1006 })
      })
    }

    const follow = (): void => {
      end({ code: 1000, cause: ends?.reason })
    }
    if (ends !== undefined) stops.push(whenAborted(ends, follow))
    endAfter(patienceMs, {})
    signal.addEventListener('abort', () => {
      // Whoever aborted it knows.
      lost = resolve
      receive = () => {}
      end({})
    })
    if (ends?.aborted === true) follow()
    else
      supply(options, credential, signal).then(
        (supplies) => {
          if (ended !== undefined) return
          try {
            connect(opened(transport, handshakeOf(options, supplies), end))
          } catch (cause) {
            misused(cause)
          }
        },
        (cause: unknown) => {
          end({ cause })
        },
      )
  })
}

/** Says what the platform does without the URL, in which there may be a ticket. */
function opened(transport: Transport, handshake: Handshake, refused: (answer: Answer) => void): WebSocket {
  try {
    return transport.open(handshake, refused)
  } catch (error) {
    throw new DOMException('The platform opens no such connection', (error as Error).name)
  }
}
