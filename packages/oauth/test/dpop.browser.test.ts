import { describe, expect, it, onTestFinished } from 'vitest'

import { createDpop, type Dpop } from '../src/dpop.ts'
import { proofIn } from './support/proof.ts'

const databaseName = 'reauth.dpop'

const thumbprintOf = async (dpop: Dpop): Promise<string> => (await dpop.handle()).calculateThumbprint()

let count = 0
const newName = (): string => `session ${++count}`

describe('a key in IndexedDB', () => {
  it('survives a reload, under its name', async () => {
    onTestFinished(deleteKeys)
    const name = newName()
    const thumbprint = await thumbprintOf(createDpop({ name }))
    expect(await thumbprintOf(createDpop({ name }))).toBe(thumbprint)
    expect(await thumbprintOf(createDpop({ name: newName() }))).not.toBe(thumbprint)
  })

  it('is one for tabs that create it at once', async () => {
    onTestFinished(deleteKeys)
    const name = newName()
    const tabs = Array.from({ length: 6 }, () => createDpop({ name }))
    expect(new Set(await Promise.all(tabs.map(thumbprintOf))).size).toBe(1)
  })

  it('cannot be taken out, not even by who reads the database', async () => {
    onTestFinished(deleteKeys)
    const name = newName()
    await createDpop({ name }).handle()
    const { privateKey, publicKey } = await storedAt(name)
    expect([privateKey.extractable, privateKey.usages]).toEqual([false, ['sign']])
    for (const format of ['jwk', 'pkcs8'] as const)
      await expect(crypto.subtle.exportKey(format, privateKey)).rejects.toMatchObject({ name: 'InvalidAccessError' })
    expect(await crypto.subtle.exportKey('jwk', publicKey)).not.toHaveProperty('d')
  })

  it('signs after a reload as before', async () => {
    onTestFinished(deleteKeys)
    const name = newName()
    const credential = { accessToken: 'at-1', tokenType: 'DPoP', epoch: 1, version: 1 } as const
    const keys = []
    for (const { attach } of [createDpop({ name }), createDpop({ name })]) {
      const attached = await attach(new Request('https://api.test/'), credential)
      keys.push((await proofIn(attached.headers.get('dpop'))).header.jwk)
    }
    expect(keys[0]).toEqual(keys[1])
  })

  it('is a new one where somebody has deleted the database', async () => {
    const name = newName()
    const thumbprint = await thumbprintOf(createDpop({ name }))
    await deleteKeys()
    expect(await thumbprintOf(createDpop({ name }))).not.toBe(thumbprint)
    await deleteKeys()
  })
})

/** What is in the database, read without us. */
async function storedAt(name: string): Promise<CryptoKeyPair> {
  const database = await settled(indexedDB.open(databaseName))
  try {
    return (await settled(database.transaction('items').objectStore('items').get(name))) as CryptoKeyPair
  } finally {
    database.close()
  }
}

async function deleteKeys(): Promise<void> {
  await settled(indexedDB.deleteDatabase(databaseName))
}

async function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => {
      resolve(request.result)
    })
    request.addEventListener('error', () => {
      reject(request.error)
    })
  })
}
