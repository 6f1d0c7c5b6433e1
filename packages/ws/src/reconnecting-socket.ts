import { checkCloseArguments } from './close-arguments.ts'
import { closeEvent, errorEvent } from './events.ts'
import type { Data } from './outbox.ts'
import { SocketTarget } from './socket-target.ts'
import {
  lineOf,
  type Reconnecting,
  type State,
  supervise,
  type Supervisor,
  type SupervisorOptions,
} from './supervisor.ts'

/** The events of a socket that reconnects. */
export interface ReconnectingSocketEvents extends WebSocketEventMap {
  reconnecting: CustomEvent<Reconnecting>
  undelivered: CustomEvent<{ readonly messages: readonly Data[] }>
}

const readyStates: { readonly [Phase in State['phase']]: 0 | 1 | 2 | 3 } = {
  dialling: 0,
  judging: 0,
  waiting: 0,
  paused: 0,
  open: 1,
  draining: 1,
  closing: 2,
  closed: 3,
}

/** A WebSocket that goes on over the end of its connections. */
export interface ReconnectingSocket extends WebSocket {
  /** Connects anew, at once: because a person asked, or after it was closed. */
  reconnect(): void
  addEventListener<Type extends keyof ReconnectingSocketEvents>(
    type: Type,
    listener: (this: ReconnectingSocket, event: ReconnectingSocketEvents[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void
}

/** The one implementation of {@link ReconnectingSocket}. */
export class SupervisedSocket extends SocketTarget {
  readonly url: string
  readonly #supervisor: Supervisor

  constructor(options: Omit<SupervisorOptions, 'binaryType'>, url: string) {
    super()
    this.url = url
    const tell = (type: string, detail: object): void => {
      this.dispatchEvent(new CustomEvent(type, { detail }))
    }
    this.#supervisor = supervise(
      { ...options, binaryType: () => this.binaryType },
      {
        opened: () => this.dispatchEvent(new Event('open')),
        message: (event) => {
          this.deliver(event)
        },
        reconnecting: (detail) => {
          tell('reconnecting', detail)
        },
        undelivered: (messages) => {
          tell('undelivered', { messages })
        },
        ended: (ending) => {
          if ('error' in ending) this.dispatchEvent(errorEvent(ending.error))
          this.dispatchEvent(closeEvent(ending))
        },
      },
    )
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return readyStates[this.#supervisor.state.phase]
  }

  get bufferedAmount(): number {
    const { outbox } = this.#supervisor
    return outbox.bytes + (this.socket?.bufferedAmount ?? 0)
  }

  /** Sends, or keeps it until there is a connection. Throws a `QuotaExceededError` where that does not fit. */
  send(data: Data): void {
    this.#supervisor.send(data)
  }

  close(code?: number, reason?: string): void {
    checkCloseArguments(code, reason)
    this.#supervisor.close(code, reason)
  }

  reconnect(): void {
    this.#supervisor.reconnect()
  }

  protected override get socket(): WebSocket | undefined {
    return lineOf(this.#supervisor.state)?.socket
  }
}
