import type { Credential } from '@reauth/core'

import { type Answer, type Loss, provedMs } from './loss.ts'
import { meteredSender, type Sender } from './sender.ts'
import type { Handshake, Transport } from './transport.ts'

/** What a line tells. */
export interface LineListener {
  message(event: MessageEvent): void
  /** The end, once; nothing comes after it. */
  lost(loss: Loss): void
}

/** One connection, from its opening to its end. */
export interface Line extends Sender {
  readonly socket: WebSocket
  /** What the server knows it by. */
  credential: Credential | undefined
  /** Whether anything came since it was last asked. */
  readonly isAlive: () => boolean
  /** Tells whoever listens from now on, first of what came before. */
  listen(listener: LineListener): void
  /** Waits for a message that fits, and keeps it from who listens. Resolves with false if none can come. */
  expect(fits: (event: MessageEvent) => boolean): Promise<boolean>
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void
  /** Lets go of it: it tells nothing any more. */
  drop(): void
}

interface Expected {
  readonly fits: (event: MessageEvent) => boolean
  readonly came: (hasCome: boolean) => void
}

/** Opens a connection, unless the signal aborts before. Rejects with what the platform throws. */
export function openLine(
  transport: Transport,
  handshake: Handshake,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Line | Loss> {
  return new Promise((resolve) => {
    const backlog: MessageEvent[] = []
    let isOpened = false
    let listenedAt = Infinity
    let isHeard = false
    let isProved = false
    let ended: Loss | undefined
    let expected: Expected | undefined

    const socket = opened(transport, handshake, (answer) => {
      end(answer)
      socket.close()
    })
    const { send, unsent } = (transport.sender ?? meteredSender)(socket)
    let receive = (event: MessageEvent): void => {
      if (!isExpected(event)) backlog.push(event)
    }
    socket.addEventListener('open', () => {
      if (ended !== undefined) return
      isOpened = true
      lost = () => {}
      signal.removeEventListener('abort', line.drop)
      resolve(line)
    })
    socket.addEventListener('message', (event) => {
      receive(event)
    })
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      end({ code, reason, wasClean })
    })
    // Some platforms tell no close where a handshake failed, and some throw an error that nobody hears.
    socket.addEventListener('error', () => {
      end({ code: 1006 })
    })

    let lost: LineListener['lost'] = resolve

    function isExpected(event: MessageEvent): boolean {
      isHeard = true
      if (expected?.fits(event) !== true) return false
      expected.came(true)
      expected = undefined
      return true
    }

    function end(answer: Answer & Pick<Loss, 'wasClean'>): void {
      if (ended !== undefined) return
      signal.removeEventListener('abort', line.drop)
      receive = () => {}
      const livedMs = Date.now() - listenedAt
      isProved ||= livedMs >= provedMs
      ended = { ...answer, credential: line.credential, isOpened, isProved, livedMs }
      expected?.came(false)
      lost(ended)
    }

    const line: Line = {
      socket,
      credential,
      isAlive() {
        const was = isHeard
        isHeard = false
        return was
      },
      listen(listener) {
        const tell = (event: MessageEvent): void => {
          if (isExpected(event)) return
          isProved = true
          listener.message(event)
        }
        listenedAt = Date.now()
        for (const event of backlog.splice(0)) tell(event)
        if (ended !== undefined) return listener.lost(ended)
        lost = listener.lost
        receive = tell
      },
      expect: (fits) =>
        new Promise((came) => {
          expected?.came(false)
          expected = { fits, came }
          if (ended !== undefined) came(false)
        }),
      send,
      unsent,
      close(code, reason) {
        socket.close(code, reason)
      },
      drop() {
        if (isOpened) lost = () => {}
        end({})
        socket.close()
      },
    }

    signal.addEventListener('abort', line.drop)
    if (signal.aborted) line.drop()
  })
}

/** Says what the platform does without the URL, in which there may be a ticket. */
function opened(transport: Transport, handshake: Handshake, refused: (answer: Answer) => void): WebSocket {
  try {
    const socket = transport.open(handshake, refused)
    socket.binaryType = handshake.binaryType
    return socket
  } catch (error) {
    throw new DOMException('The platform opens no such connection', (error as Error).name)
  }
}
