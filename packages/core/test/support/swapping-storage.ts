import { memoryStorage } from '../../src/memory-storage.ts'
import type { TokenStorage } from '../../src/storage.ts'

/** A storage in memory that compares and swaps. */
export function swappingStorage(): TokenStorage {
  const storage = memoryStorage()
  return {
    ...storage,
    replaceItem(key, expected, next) {
      if (storage.getItem(key) !== expected) return false
      void storage.setItem(key, next)
      return true
    },
  }
}
