import { beforeExit } from './before-exit.ts'

/** A port with `addEventListener`: DOM `MessagePort`, `Worker`, the global object of a worker, ports of Node. */
export interface EventTargetPort {
  postMessage(message: unknown): void
  addEventListener(type: string, listener: (event: unknown) => void): void
  removeEventListener(type: string, listener: (event: unknown) => void): void
}

/** A port with `on`: `Worker` of Node, `MessagePortMain` and `utilityProcess` of Electron. */
export interface EmitterPort {
  postMessage(message: unknown): void
  on(type: string, listener: (event: unknown) => void): unknown
  off(type: string, listener: (event: unknown) => void): unknown
}

/** One end of a private pair. Not a window: what it hears may come from anybody. */
export type RemotePort = EventTargetPort | EmitterPort

/** What some ports have and others have not. */
interface PortExtras {
  start?(): void
  ref?(): void
  unref?(): void
  listenerCount?(type: string): number
  /** The mark of a worker seen from outside: its `unref` would let this process end before it. */
  terminate?: unknown
  window?: unknown
}

/** A port in use. */
export interface Line {
  post(message: object): void
  /** From the first call on the port keeps a Node process alive only while it is needed, or others listen to it. */
  keepAlive(isNeeded: boolean): void
  close(): void
}

/** Listens at a port. `lost` is called when the port says that its other end is gone. Throws a `TypeError` for a window. */
export function openLine(port: RemotePort, receive: (data: unknown) => void, lost: () => void): Line {
  const extras: PortExtras = port as object
  if (extras.window === port) {
    throw new TypeError('A window is no private port, anybody may post to it: send one end of a MessageChannel to it')
  }
  const isWorker = extras.terminate !== undefined
  let needed: boolean | undefined

  /** Our listener would be the only reason to go on, unless others listen, too; Node counts only the first. */
  function rest(): void {
    if (needed === undefined || isWorker) return
    if (needed || (extras.listenerCount?.('message') ?? 0) > 1) extras.ref?.()
    else extras.unref?.()
  }

  const heard = (event: unknown): void => {
    receive(dataOf(event))
    // Afterwards, since others may stop listening with this message.
    queueMicrotask(rest)
  }
  const listeners = Object.entries({ message: heard, close: lost, exit: lost })
  for (const [type, listener] of listeners) {
    if ('addEventListener' in port) port.addEventListener(type, listener)
    else port.on(type, listener)
  }
  extras.start?.()
  // Others may have come to listen since.
  const stop = beforeExit(rest)

  return {
    post(message) {
      try {
        port.postMessage(message)
      } catch {
        // Nothing but plain data is sent, so it is the port that is no more.
        lost()
      }
    },
    keepAlive(isNeeded) {
      needed = isNeeded
      rest()
    },
    close() {
      needed = undefined
      stop()
      for (const [type, listener] of listeners) {
        if ('addEventListener' in port) port.removeEventListener(type, listener)
        else port.off(type, listener)
      }
    },
  }
}

/** Some ports give the message, some an event around it. */
function dataOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'data' in event ? event.data : event
}
