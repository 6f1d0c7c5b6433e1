import type { Answer } from './loss.ts'
import type { Sender } from './sender.ts'

/** What goes into a handshake. */
export interface Handshake {
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/** A platform's way to open WebSockets. */
export interface Transport {
  /** Whether it can send headers, and tells the answer to a refused handshake. */
  readonly seesHandshake: boolean
  /** Throws as the platform does. */
  open(handshake: Handshake, refused: (answer: Answer) => void): WebSocket
  /** Sends on a socket. @default by its `bufferedAmount` */
  sender?(socket: WebSocket): Sender
  /** Asks the other end for a sign of life; absent where nobody can. */
  ping?(socket: WebSocket, answered: () => void): void
}

/** Returns the transport of the platform, or of a class that looks like its own. */
export function webTransport(Implementation?: typeof WebSocket): Transport {
  return {
    seesHandshake: false,
    open: ({ url, protocols }) => new (Implementation ?? WebSocket)(url, [...protocols]),
  }
}
