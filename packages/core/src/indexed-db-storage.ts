import type { TokenStorage } from './storage.ts'

export interface IndexedDbStorageOptions {
  /** Sessions in one database are told apart by their names. @default 'reauth' */
  databaseName?: string
}

const items = 'items'

/**
 * Creates a storage in IndexedDB: what sessions in several tabs are best kept in, since under a lock it always gives
 * what was written last, as `localStorage` does not.
 *
 * A call resolves once its transaction has completed: from then on every tab of the origin reads the new value, over
 * reloads and restarts of the browser. The disk is not waited for: a power cut may undo the last writes, all of one or
 * none. The database is opened at the first call, and again once it was lost; nothing stands in the way of deleting it.
 * Calls reject with what IndexedDB says, and with a `TypeError` where there is none, as on a server.
 */
export function indexedDbStorage({ databaseName = 'reauth' }: IndexedDbStorageOptions = {}): TokenStorage {
  let connection: Promise<IDBDatabase> | undefined

  const connect = (): Promise<IDBDatabase> =>
    new Promise((resolve, reject) => {
      if (typeof indexedDB === 'undefined') throw new TypeError('indexedDbStorage() is for pages and workers')
      const opening = indexedDB.open(databaseName, 1)
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore(items)
      }
      opening.addEventListener('error', rejectWith(reject))
      opening.onsuccess = () => {
        const database = opening.result
        const drop = (): void => {
          connection = undefined
          database.close()
        }
        database.addEventListener('close', drop)
        database.addEventListener('versionchange', drop)
        resolve(database)
      }
    })

  async function transact<T>(
    mode: 'readonly' | 'readwrite',
    ask: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const current = (connection ??= connect())
    let database: IDBDatabase | undefined
    try {
      database = await current
      const transaction = database.transaction(items, mode)
      const request = ask(transaction.objectStore(items))
      return await new Promise<T>((resolve, reject) => {
        transaction.oncomplete = () => {
          resolve(request.result)
        }
        transaction.addEventListener('error', rejectWith(reject))
        transaction.addEventListener('abort', rejectWith(reject))
      })
    } catch (error) {
      // Whatever it was, the next call opens anew: some engines lose a connection and fire no event.
      if (connection === current) connection = undefined
      database?.close()
      throw error
    }
  }

  return {
    getItem: async (key) => (await transact<unknown>('readonly', (store) => store.get(key))) ?? null,
    setItem: (key, value) => transact('readwrite', (store) => store.put(value, key)),
    removeItem: (key) => transact('readwrite', (store) => store.delete(key)),
    async replaceItem(key, expected, next) {
      const wanted = expected ?? undefined
      const found = await transact<unknown>('readwrite', (store) => {
        const reading = store.get(key)
        // In the same transaction: nobody writes between the look and the replacement.
        reading.onsuccess = () => {
          if (reading.result === wanted) store.put(next, key)
        }
        return reading
      })
      return found === wanted
    },
  }
}

/** Prevents the event, so that an error is a rejection and nothing that `window` reports besides. */
function rejectWith(reject: (reason: unknown) => void): (event: Event) => void {
  return (event) => {
    event.preventDefault()
    reject((event.target as IDBRequest).error)
  }
}
