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
  /** Takes a message as it is now, and as its author's. Throws a `QuotaExceededError` if it does not fit. */
  add(data: Data, author?: number): void
  /** Returns what waits, and forgets it. */
  take(): Data[]
  /**
   * Gives it to somebody, as an epoch; 0 is nobody. Returns what somebody else has left. Without an epoch it is for who
   * comes next, unless it is nobody's.
   */
  claim(by?: number): Data[]
}

/** What waits has several authors, and is handed back to whoever comes. */
const several = -1

export function createOutbox({ maxMessages = 256, maxBytes = 1_048_576 }: OutboxOptions = {}): Outbox {
  let messages: Data[] = []
  let bytes = 0
  let owner: number | undefined
  function take(): Data[] {
    const taken = messages
    messages = []
    bytes = 0
    return taken
  }
  return {
    get bytes() {
      return bytes
    },
    add(data, author) {
      const size = sizeOf(data)
      if (messages.length >= maxMessages || bytes + size > maxBytes) {
        throw new DOMException('The outbox is full; wait for "open", or enlarge it', 'QuotaExceededError')
      }
      if (author !== undefined) owner = messages.length === 0 || (owner ?? author) === author ? author : several
      messages.push(copyOf(data))
      bytes += size
    },
    take,
    claim(by) {
      const former = owner
      if (by !== undefined || former !== 0) owner = by
      return former === undefined || former === owner ? [] : take()
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
