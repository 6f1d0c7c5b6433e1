/** What a WebSocket sends. */
export type Data = Parameters<WebSocket['send']>[0]

export interface OutboxOptions {
  /** @default 256 */
  maxMessages?: number
  /** @default 1_048_576 */
  maxBytes?: number
}

/** Messages that wait for a connection, in their order. */
export interface Outbox {
  readonly bytes: number
  /** Takes a message as it is now. Throws a `QuotaExceededError` if it does not fit. */
  add(data: Data): void
  /** Returns what waits, and forgets it. */
  take(): Data[]
}

export function createOutbox({ maxMessages = 256, maxBytes = 1_048_576 }: OutboxOptions = {}): Outbox {
  let messages: Data[] = []
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    add(data) {
      const size = sizeOf(data)
      if (messages.length >= maxMessages || bytes + size > maxBytes) {
        throw new DOMException('The outbox is full; wait for "open", or enlarge it', 'QuotaExceededError')
      }
      messages.push(copyOf(data))
      bytes += size
    },
    take() {
      const taken = messages
      messages = []
      bytes = 0
      return taken
    },
  }
}

/** Returns how many bytes a message is. */
export function sizeOf(data: Data): number {
  if (typeof data === 'string') return encoder.encode(data).byteLength
  return 'size' in data ? data.size : data.byteLength
}

const encoder = new TextEncoder()

/** What sends keeps the bytes of the moment, whatever their owner does with them later. */
function copyOf(data: Data): Data {
  if (data instanceof ArrayBuffer) return data.slice(0)
  if (!ArrayBuffer.isView(data)) return data
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
}
