import type { Disposer } from './disposer.ts'
import { createEmitter } from './emitter.ts'
import { look, type Reread, type Session } from './open-session.ts'

/** Many sessions side by side, one for each key, such as a server's address or a user's name. */
export interface Sessions {
  /**
   * Returns the session of a key: the one that is open, which looks into its store again, or a new one. It is a lease:
   * dispose it, and with the last lease the session is disposed; its tokens stay in its storage.
   */
  open(key: string): Session & AsyncDisposable
  /** Moves whenever a session of these changes, comes or goes: fit for `useSyncExternalStore`. */
  readonly revision: number
  subscribe(listener: () => void): Disposer
}

interface Opened {
  readonly session: Session
  readonly unsubscribe: Disposer
  leases: number
}

/** Creates a registry of sessions. The factory gives each its own name, or its own storage. */
export function createSessions(factory: (key: string) => Session): Sessions {
  const opened = new Map<string, Opened>()
  const changes = createEmitter<[]>()
  let revision = 0

  function move(): void {
    revision++
    changes.emit()
  }

  function create(key: string): Opened {
    const session = factory(key)
    const created = { session, unsubscribe: session.subscribe(move), leases: 0 }
    opened.set(key, created)
    return created
  }

  /** Nobody is given a session that is about to be disposed. */
  async function close(key: string, { session, unsubscribe }: Opened): Promise<void> {
    opened.delete(key)
    unsubscribe()
    move()
    await session[Symbol.asyncDispose]()
  }

  return {
    open(key) {
      const found = opened.get(key)
      const current = found ?? create(key)
      current.leases++
      if (found === undefined) move()
      else (current.session as Partial<Reread>)[look]?.()
      let ended: Promise<void> | undefined
      const end = (): Promise<void> => (--current.leases === 0 ? close(key, current) : Promise.resolve())
      return Object.create(current.session, {
        [Symbol.asyncDispose]: { value: () => (ended ??= end()) },
      }) as Session
    },
    get revision() {
      return revision
    },
    subscribe: (listener) => changes.add(listener),
  }
}
