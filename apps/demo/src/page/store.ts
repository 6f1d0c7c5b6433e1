import { useSyncExternalStore } from 'react'

/** What components can follow. */
export interface Readable<Value> {
  readonly get: () => Value
  readonly subscribe: (listener: () => void) => () => void
}

/** A value outside of React that components can follow. */
export interface Store<Value> extends Readable<Value> {
  readonly set: (value: Value) => void
}

/** Something that changes more often than it can be shown. */
export interface Follow<Value> extends Readable<Value> {
  /** Says that it changed: followers hear of it with the next frame. */
  readonly changed: () => void
}

/** Creates a store. Values are replaced, never changed. */
export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      value = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Creates a store over a value that is read anew with each frame in which it changed. */
export function createFrameStore<Value>(read: () => Value): Follow<Value> {
  const store = createStore(read())
  let isDue = false
  return {
    get: store.get,
    subscribe: store.subscribe,
    changed() {
      if (isDue) return
      isDue = true
      requestAnimationFrame(() => {
        isDue = false
        store.set(read())
      })
    },
  }
}

/** Follows a store. */
export function useStore<Value>(store: Readable<Value>): Value {
  return useSyncExternalStore(store.subscribe, store.get)
}
