import { closeEvent } from '../../src/events.ts'

/** A network in memory: every connection that was dialled, to be opened, spoken through and cut by a test. */
export interface FakeNetwork {
  readonly WebSocket: typeof WebSocket
  /** In the order in which they were dialled. */
  readonly dialled: readonly FakeSocket[]
  /** Those that are connecting or open. */
  readonly live: readonly FakeSocket[]
}

/** One connection, with both of its ends. */
export class FakeSocket extends EventTarget {
  readyState = 0
  binaryType = 'blob'
  bufferedAmount = 0
  readonly extensions = ''
  readonly protocol = ''
  readonly sent: unknown[] = []
  readonly url: string
  readonly protocols: readonly string[]

  constructor(url: string, protocols: readonly string[] = []) {
    super()
    this.url = url
    this.protocols = protocols
  }

  send(data: unknown): void {
    if (this.readyState === 1) this.sent.push(data)
  }

  close(code = 1005, reason = ''): void {
    if (this.readyState > 1) return
    const wasOpen = this.readyState === 1
    this.readyState = 2
    queueMicrotask(() => {
      this.#end(wasOpen ? code : 1006, reason, wasOpen)
    })
  }

  open(): void {
    if (this.readyState !== 0) return
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }

  say(data: unknown): void {
    if (this.readyState === 1) this.dispatchEvent(new MessageEvent('message', { data }))
  }

  /** What the server or the network does. */
  cut(code = 1006): void {
    if (this.readyState === 3) return
    if (this.readyState === 0) this.dispatchEvent(new Event('error'))
    this.#end(code, '', code !== 1006)
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.dispatchEvent(closeEvent({ code, reason, wasClean }))
  }
}

export function createNetwork(dialled?: (socket: FakeSocket) => void): FakeNetwork {
  const all: FakeSocket[] = []
  class Dialled extends FakeSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols)
      all.push(this)
      dialled?.(this)
    }
  }
  return {
    WebSocket: Dialled as unknown as typeof WebSocket,
    dialled: all,
    get live() {
      return all.filter(({ readyState }) => readyState < 2)
    },
  }
}
