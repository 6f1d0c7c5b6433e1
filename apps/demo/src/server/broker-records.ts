import { createHash, randomBytes } from 'node:crypto'

import { createKeyedLock, type TokenStorage } from '@reauth/core'

/** What the broker keeps: a record per sign-in. In memory, and gone with the process. */
export interface BrokerRecords {
  /** Is its own lock: who wants the record of a key waits for whoever has it, and for nobody else. */
  readonly storage: TokenStorage
  /** Keys that somebody holds or waits for. */
  readonly locks: number
  /** Forgets all of a key. */
  drop(key: string): void
}

/** Creates an empty book of records. */
export function createBrokerRecords(): BrokerRecords {
  const items = new Map<string, string>()
  const lock = createKeyedLock()
  return {
    storage: {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => void items.set(name, value),
      removeItem: (name) => void items.delete(name),
      request: (name, { signal }, callback) => lock.run(name, callback, signal && { signal }),
    },
    get locks() {
      return lock.size
    },
    drop(key) {
      for (const name of items.keys()) if (name.startsWith(key)) items.delete(name)
    },
  }
}

/** Returns a token for the browser to keep. */
export const newBrokerToken = (): string => randomBytes(32).toString('base64url')

/** Returns the key of a browser's token. Who reads it, in a log or a counter, cannot open anything with it. */
export const keyOf = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 24)
