import { storageContract } from '@reauth/testkit'
import { describe, expect, it, type MockInstance, onTestFinished, vi } from 'vitest'

import { indexedDbStorage } from '../src/indexed-db-storage.ts'
import type { TokenStorage } from '../src/storage.ts'
import { failureOf } from './support/failure-of.ts'

describe('indexedDbStorage', () => {
  const named = { databaseName: 'contract' }
  const contract = storageContract({
    async create() {
      await deleteDatabase('contract')
      return indexedDbStorage(named)
    },
    another: () => indexedDbStorage(named),
    replaceItem: true,
  })
  for (const { title, run } of contract) it(title, run)

  it('opens its database at the first call, once for all', async () => {
    const { storage, open } = stage()
    expect(open).not.toHaveBeenCalled()
    await Promise.all(Array.from({ length: 10 }, (_, index) => storage.setItem(`key ${index}`, 'item')))
    expect(await storage.getItem('key 9')).toBe('item')
    expect(open).toHaveBeenCalledTimes(1)
  })

  it('lets others delete the database, and opens a new one at the next call', async () => {
    const { storage, databaseName } = stage()
    await storage.setItem('reauth', 'item')
    await deleteDatabase(databaseName)
    expect(await storage.getItem('reauth')).toBeNull()
    await storage.setItem('reauth', 'new')
    expect(await storage.getItem('reauth')).toBe('new')
  })

  it('opens again at the next call when the browser has closed the connection', async () => {
    const { storage, databases } = stage()
    await storage.setItem('reauth', 'item')
    databases[0]?.close()
    databases[0]?.dispatchEvent(new Event('close'))
    expect(await storage.getItem('reauth')).toBe('item')
    expect(databases).toHaveLength(2)
  })

  it('opens again after a call that failed since the connection was lost without an event', async () => {
    const { storage, databases } = stage()
    await storage.setItem('reauth', 'item')
    databases[0]?.close()
    await expect(storage.getItem('reauth')).rejects.toMatchObject({ name: 'InvalidStateError' })
    expect(await storage.getItem('reauth')).toBe('item')
  })

  it('tries again at the next call when the database does not open', async () => {
    const { storage, databaseName } = stage()
    const newer = await openAt(databaseName, 2)
    const failed = [storage.getItem('reauth'), storage.setItem('reauth', 'item')]
    for (const call of failed) await expect(call).rejects.toMatchObject({ name: 'VersionError' })
    newer.close()
    await deleteDatabase(databaseName)
    expect(await storage.getItem('reauth')).toBeNull()
  })

  it('rejects with what the browser throws, and tries again at the next call', async () => {
    const { storage, open } = stage()
    const refusal = new DOMException('no storage here', 'SecurityError')
    open.mockImplementationOnce(() => {
      throw refusal
    })
    await expect(storage.getItem('reauth')).rejects.toBe(refusal)
    expect(await storage.getItem('reauth')).toBeNull()
  })

  it('rejects what was asked for but not committed', async () => {
    const { storage } = stage()
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function put_(this: IDBObjectStore, ...item) {
      const request = put.apply(this, item)
      request.addEventListener('success', () => {
        this.transaction.abort()
      })
      return request
    })
    let outcome = 'pending'
    await Promise.resolve(storage.setItem('reauth', 'item')).then(
      () => (outcome = 'resolved'),
      () => (outcome = 'rejected'),
    )
    expect(outcome).toBe('rejected')
    expect(await storage.getItem('reauth')).toBeNull()
  })

  it('keeps what the browser reports of a failed request to its rejection', async () => {
    const { storage } = stage()
    await storage.setItem('reauth', 'item')
    const events: Event[] = []
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function put_(this: IDBObjectStore, value, key) {
      const request = this.add(value, key)
      request.addEventListener('error', (event) => events.push(event))
      return request
    })
    await expect(storage.setItem('reauth', 'other')).rejects.toMatchObject({ name: 'ConstraintError' })
    expect(events.map(({ defaultPrevented }) => defaultPrevented)).toEqual([true])
    expect(await storage.getItem('reauth')).toBe('item')
  })

  it('closes the connection that it gives up, so that none is left in the way of a deletion', async () => {
    const { storage, databases, databaseName } = stage()
    await storage.setItem('reauth', 'item')
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('mine', 'DataError')
    })
    await expect(storage.setItem('reauth', 'other')).rejects.toMatchObject({ name: 'DataError' })
    const [database] = databases
    expect(() => database?.transaction('items')).toThrow('closing')
    await deleteDatabase(databaseName)
  })

  it('keeps its new connection when a call over the former fails late', async () => {
    const { storage, open } = stage()
    await storage.setItem('reauth', 'item')
    vi.spyOn(IDBObjectStore.prototype, 'put')
      .mockImplementationOnce(function put_(this: IDBObjectStore, value, key) {
        return this.add(value, key)
      })
      .mockImplementationOnce(() => {
        throw new DOMException('mine', 'DataError')
      })
    const late = failureOf(Promise.resolve(storage.setItem('reauth', 'late')))
    await expect(storage.setItem('reauth', 'at once')).rejects.toMatchObject({ name: 'DataError' })
    const next = storage.getItem('reauth')
    expect(await late).toMatchObject({ name: 'ConstraintError' })
    expect(await next).toBe('item')
    expect(await storage.getItem('reauth')).toBe('item')
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('keeps databases apart', async () => {
    const [one, other] = [stage(), stage()]
    await one.storage.setItem('reauth', 'one')
    expect(await other.storage.getItem('reauth')).toBeNull()
  })
})

let count = 0

/** A storage in a database of its own, and what it opens. */
function stage(): {
  storage: TokenStorage
  databaseName: string
  open: MockInstance<IDBFactory['open']>
  databases: IDBDatabase[]
} {
  const databaseName = `stage ${++count}`
  const databases: IDBDatabase[] = []
  const { open: real } = IDBFactory.prototype
  const open = vi.spyOn(indexedDB, 'open').mockImplementation((...named) => {
    const opening = real.apply(indexedDB, named)
    opening.addEventListener('success', () => databases.push(opening.result))
    return opening
  })
  onTestFinished(async () => {
    vi.restoreAllMocks()
    await deleteDatabase(databaseName)
  })
  return { storage: indexedDbStorage({ databaseName }), databaseName, open, databases }
}

async function openAt(name: string, version: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, version)
    opening.addEventListener('success', () => {
      resolve(opening.result)
    })
    opening.addEventListener('error', () => {
      reject(opening.error)
    })
  })
}

async function deleteDatabase(name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    indexedDB.deleteDatabase(name).addEventListener('success', () => {
      resolve()
    })
  })
}
