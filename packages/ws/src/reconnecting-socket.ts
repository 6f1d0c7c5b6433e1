import { checkCloseArguments } from './close-arguments.ts'
import type { Data } from './outbox.ts'
import { SocketTarget } from './socket-target.ts'
import { createStage } from './stage.ts'
import { type Reconnecting, supervise, type Supervisor, type SupervisorOptions } from './supervisor.ts'

/** The events of a socket that reconnects. */
export interface ReconnectingSocketEvents extends WebSocketEventMap {
  reconnecting: CustomEvent<Reconnecting>
  undelivered: CustomEvent<{ readonly messages: readonly Data[] }>
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
  readonly #supervisor: Supervisor

  constructor(options: Omit<SupervisorOptions, 'binaryType'>) {
    const stage = createStage()
    super((options.url as Partial<URL>).href ?? '', stage)
    this.#supervisor = supervise(this, stage, { ...options, binaryType: () => this.binaryType })
  }

  override get bufferedAmount(): number {
    return this.#supervisor.outbox.bytes + super.bufferedAmount
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
}
