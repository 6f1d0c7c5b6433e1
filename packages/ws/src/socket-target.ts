import { closeEvent, errorEvent } from './events.ts'
import type { Loss } from './loss.ts'
import type { Stage, State } from './stage.ts'

const readyStates: { readonly [Phase in State['phase']]: 0 | 1 | 2 | 3 } = {
  connecting: 0,
  open: 1,
  draining: 1,
  closing: 2,
  closed: 3,
}

/** Those of browsers, and those that `ws` has besides. */
const binaryTypes: readonly string[] = ['blob', 'arraybuffer', 'nodebuffer', 'fragments']

/** What a WebSocket looks like from outside (WHATWG WebSockets, section 3.1), whatever its connection is. */
export class SocketTarget extends EventTarget {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3
  declare onopen: WebSocket['onopen']
  declare onmessage: WebSocket['onmessage']
  declare onerror: WebSocket['onerror']
  declare onclose: WebSocket['onclose']
  readonly url: string
  readonly #stage: Stage
  readonly #handlers: { [Type in string]?: ((event: Event) => unknown) | null } = {}
  readonly #targets: PropertyDescriptorMap
  readonly #listened = new Set<string>()
  #binaryType: BinaryType = 'blob'

  static {
    const { prototype } = SocketTarget
    const states = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']
    for (const [value, name] of states.entries()) {
      for (const each of [SocketTarget, prototype]) Object.defineProperty(each, name, { enumerable: true, value })
    }
    for (const type of ['open', 'message', 'error', 'close']) {
      Object.defineProperty(prototype, `on${type}`, {
        configurable: true,
        enumerable: true,
        get(this: SocketTarget) {
          return this.#handlers[type] ?? null
        },
        set(this: SocketTarget, handler: unknown) {
          // A handler keeps its place among the listeners, whoever comes to be it.
          const isKnown = type in this.#handlers
          this.#handlers[type] = typeof handler === 'function' ? (handler as () => unknown) : null
          if (isKnown) return
          const handle = (event: Event): unknown => this.#handlers[type]?.call(this, event)
          EventTarget.prototype.addEventListener.call(this, type, handle)
        },
      })
    }
  }

  constructor(url: string, stage: Stage) {
    super()
    this.url = url
    this.#stage = stage
    const self = { configurable: true, value: this }
    this.#targets = { target: self, currentTarget: self }
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return readyStates[this.#stage.state.phase]
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  get extensions(): string {
    return this.#socket?.extensions ?? ''
  }

  get protocol(): string {
    return this.#socket?.protocol ?? ''
  }

  get binaryType(): BinaryType {
    return this.#binaryType
  }

  set binaryType(value: BinaryType) {
    if (!binaryTypes.includes(value)) return
    this.#binaryType = value
    if (this.#socket !== undefined) this.#socket.binaryType = value
  }

  get #socket(): WebSocket | undefined {
    return this.#stage.state.line?.socket
  }

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.#listened.add(args[0])
    super.addEventListener(...args)
  }

  /** Tells who listens; an event that nobody hears of is not made. */
  tell(type: string, detail?: object): void {
    if (!this.#listened.has(type) && !(type in this.#handlers)) return
    this.dispatchEvent(detail ? new CustomEvent(type, { detail }) : new Event(type))
  }

  /** Passes a message on. Where only `onmessage` waits for it, it is the event itself, as of this target. */
  deliver(event: MessageEvent): void {
    if (this.#listened.has('message')) {
      const { data, origin } = event as MessageEvent<unknown>
      this.dispatchEvent(new MessageEvent('message', { data, origin: origin ?? '' }))
      return
    }
    const handler = this.#handlers['message']
    if (!handler) return
    try {
      handler.call(this, Object.defineProperties(event, this.#targets))
    } catch (error) {
      // As for any other listener: what comes behind it is not its concern.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** Tells of the end, and first of the error where that is one. */
  tellEnd(ending: Partial<Loss>, error: unknown): void {
    if (error !== undefined) this.dispatchEvent(errorEvent(error))
    // Who connects anew at the error has no end.
    if (this.readyState === 3) this.dispatchEvent(closeEvent(ending))
  }
}
