import { type Disposer, disposer } from './disposer.ts'

/** Calls a listener of somebody else, if there is one: what it throws is reported as uncaught and harms nobody here. */
export function notify<Args extends unknown[]>(listener: ((...args: Args) => void) | undefined, ...args: Args): void {
  try {
    listener?.(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Goes through those that are there now; who leaves before their turn is left out. */
export function* present<T>(entries: Set<T>): Generator<T> {
  for (const entry of Array.from(entries)) if (entries.has(entry)) yield entry
}

/** A list of listeners, each told once per `emit`, in the order in which they came. */
export interface Emitter<Args extends unknown[]> {
  add(listener: (...args: Args) => void): Disposer
  emit(...args: Args): void
  readonly isHeard: boolean
  clear(): void
}

export function createEmitter<Args extends unknown[]>(): Emitter<Args> {
  const entries = new Set<{ readonly listener: (...args: Args) => void }>()
  return {
    add(listener) {
      // An entry of its own: the same function may listen twice, and each stops for itself.
      const entry = { listener }
      entries.add(entry)
      return disposer(() => {
        entries.delete(entry)
      })
    },
    emit(...args) {
      for (const entry of present(entries)) notify(entry.listener, ...args)
    },
    get isHeard() {
      return entries.size > 0
    },
    clear() {
      entries.clear()
    },
  }
}
