import type { ReconnectingSocket } from '../../src/reconnecting-socket.ts'
import type { Reconnecting } from '../../src/supervisor.ts'

/** Waits for the next event of a type. */
export function next<Type extends Event = Event>(target: EventTarget, type: string): Promise<Type> {
  return new Promise((resolve) => {
    target.addEventListener(
      type,
      (event) => {
        resolve(event as Type)
      },
      { once: true },
    )
  })
}

/** Everything that a socket told, in its order. */
export interface Heard {
  readonly types: readonly string[]
  readonly messages: readonly unknown[]
  readonly undelivered: readonly unknown[]
  readonly losses: readonly Reconnecting[]
  readonly closes: readonly CloseEvent[]
  readonly errors: readonly unknown[]
}

/** Listens to all that a socket tells. */
export function listenTo(socket: ReconnectingSocket): Heard {
  const types: string[] = []
  const messages: unknown[] = []
  const undelivered: unknown[] = []
  const losses: Reconnecting[] = []
  const closes: CloseEvent[] = []
  const errors: unknown[] = []
  for (const type of ['open', 'message', 'reconnecting', 'undelivered', 'error', 'close'] as const) {
    socket.addEventListener(type, () => {
      types.push(type)
    })
  }
  socket.addEventListener('message', ({ data }) => messages.push(data))
  socket.addEventListener('reconnecting', ({ detail }) => losses.push(detail))
  socket.addEventListener('undelivered', ({ detail }) => undelivered.push(...detail.messages))
  socket.addEventListener('close', (event) => closes.push(event))
  socket.addEventListener('error', (event) => errors.push((event as Event & { error?: unknown }).error))
  return { types, messages, undelivered, losses, closes, errors }
}
