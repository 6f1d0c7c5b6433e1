import { type Data, sizeOf } from './outbox.ts'

/** Sends, and remembers what has not left this machine. */
export interface Sender {
  send(data: Data): void
  /** Returns what nobody can have got. */
  unsent(): Data[]
}

/** Goes by `bufferedAmount`, which browsers keep over the end of a connection. */
export function meteredSender(socket: WebSocket): Sender {
  let sent: Data[] = []
  let sizes: number[] = []

  /** Keeps the last messages that make up what has not been written yet. */
  function trim(): void {
    let waiting = socket.bufferedAmount
    let first = sizes.length
    while (waiting > 0 && first > 0) waiting -= sizes[--first]!
    sent = sent.slice(first)
    sizes = sizes.slice(first)
  }

  return {
    send(data) {
      socket.send(data)
      sent.push(data)
      sizes.push(sizeOf(data))
      if (sent.length % 64 === 0) trim()
    },
    unsent() {
      trim()
      return sent
    },
  }
}
