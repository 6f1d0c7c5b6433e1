import { createKeyedLock } from '../../src/keyed-lock.ts'
import type { TokenStorage } from '../../src/storage.ts'

/** What is wrong with a storage: it throws, it takes no more, or it never answers. */
type StorageFault = 'throws' | 'full' | 'hangs'

export interface FaultyStorage {
  readonly storage: TokenStorage
  readonly items: Map<string, string>
  /** Every item that was set, in order, with its key. */
  readonly writes: (readonly [key: string, value: string])[]
  /** What is wrong with it; undefined while nothing is. */
  fault: StorageFault | undefined
}

/** A storage with a lock, whose items a test can see, and which fails when it is told to. */
export function faultyStorage({ isAsync = false }: { isAsync?: boolean } = {}): FaultyStorage {
  const items = new Map<string, string>()
  const writes: FaultyStorage['writes'] = []
  const lock = createKeyedLock()

  function answer<T>(isWrite: boolean, act: () => T): T | Promise<T> {
    const { fault } = faulty
    if (fault === 'hangs') return new Promise(() => {})
    if (fault === 'throws' || (fault === 'full' && isWrite)) {
      const error = new DOMException('The quota has been exceeded', 'QuotaExceededError')
      if (isAsync) return Promise.reject(error)
      throw error
    }
    return isAsync ? new Promise((resolve) => setImmediate(() => resolve(act()))) : act()
  }

  const faulty: FaultyStorage = {
    items,
    writes,
    fault: undefined,
    storage: {
      getItem: (key) => answer(false, () => items.get(key) ?? null),
      setItem: (key, value) =>
        answer(true, () => {
          writes.push([key, value])
          items.set(key, value)
        }),
      removeItem: (key) => answer(false, () => void items.delete(key)),
      request: (name, { signal }, callback) => lock.run(name, callback, signal && { signal }),
    },
  }
  return faulty
}
