import { createKeyedLock } from './keyed-lock.ts'
import type { TokenStorage } from './storage.ts'

/** Creates a storage that ends with this process. Sessions that share it, and their name, are one session. */
export function memoryStorage(): TokenStorage {
  const items = new Map<string, string>()
  const lock = createKeyedLock()
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      items.set(key, value)
    },
    removeItem: (key) => {
      items.delete(key)
    },
    request: (name, { signal }, callback) => lock.run(name, callback, signal && { signal }),
  }
}
