import { type Disposer, disposer } from './disposer.ts'

/** Calls a listener of somebody else: what it throws is reported as uncaught and harms nobody here. */
export function notify<Args extends unknown[]>(listener: (...args: Args) => void, ...args: Args): void {
  try {
    listener(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
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
      // A copy: who starts to listen now hears the next one.
      for (const entry of Array.from(entries)) if (entries.has(entry)) notify(entry.listener, ...args)
    },
    get isHeard() {
      return entries.size > 0
    },
    clear() {
      entries.clear()
    },
  }
}
