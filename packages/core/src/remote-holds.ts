import type { Credential, HoldOptions } from './credential.ts'
import { type Disposer, disposer } from './disposer.ts'
import { notify } from './emitter.ts'
import type { AuthenticationError } from './errors.ts'
import type { FarMessage } from './remote-protocol.ts'
import type { SessionState } from './session-state.ts'

/** The holds of a far end, each of which is one at the owner. */
export interface Holds {
  add(options: HoldOptions, state: SessionState): Disposer
  /** From now on the owner hears of them; it hears of those that are there. */
  connect(): void
  /** The state moved: tells of the end of a period, and drops those whose sign-in is over. */
  move(before: SessionState, after: SessionState, end: AuthenticationError | undefined): void
  tell(id: unknown, credential: Credential): void
  clear(): void
}

interface Held {
  readonly id: number
  readonly options: HoldOptions
  /** The sign-in that it belongs to; undefined until there is one. */
  epoch: number | undefined
  /** The last version that it knows of. */
  version: number
}

export function createHolds(send: (message: FarMessage) => void): Holds {
  const holds = new Map<number, Held>()
  let isConnected = false
  let ids = 0

  function announce({ id, epoch, version, options: { refreshAheadMs } }: Held): void {
    const since = { version, ...(epoch !== undefined && { epoch }) }
    send({ type: 'hold', hold: id, ...(refreshAheadMs !== undefined && { refreshAheadMs }), ...since })
  }

  function drop(id: number): void {
    if (holds.delete(id)) send({ type: 'release', hold: id })
  }

  /** The same sign-in has got another number, since there were stored ones before it. */
  function rebase(held: Held, epoch: number): void {
    held.epoch = epoch
    if (isConnected) announce(held)
  }

  return {
    add(options, state) {
      const { epoch, version } = stampOf(state)
      const held = { id: ++ids, options, epoch, version }
      holds.set(held.id, held)
      if (isConnected) announce(held)
      return disposer(() => {
        drop(held.id)
      })
    },
    connect() {
      isConnected = true
      for (const held of holds.values()) announce(held)
    },
    move(before, after, end) {
      const next = stampOf(after)
      for (const held of Array.from(holds.values())) {
        if (held.epoch === undefined) {
          held.epoch = next.epoch
          continue
        }
        const { onEnd } = held.options
        if (end !== undefined && before.status === 'active' && onEnd !== undefined) notify(onEnd, end)
        if (held.epoch === next.epoch) continue
        if (before.status === 'active' && after.status === 'active' && end === undefined) rebase(held, after.epoch)
        else drop(held.id)
      }
    },
    tell(id, credential) {
      const held = holds.get(id as number)
      if (held === undefined || credential.epoch !== held.epoch || credential.version <= held.version) return
      held.version = credential.version
      if (held.options.onCredential !== undefined) notify(held.options.onCredential, credential)
    },
    clear() {
      holds.clear()
    },
  }
}

function stampOf(state: SessionState): { readonly epoch: number | undefined; readonly version: number } {
  return 'epoch' in state ? state : { epoch: undefined, version: 0 }
}
