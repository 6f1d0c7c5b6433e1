import { describe, expect, it } from 'vitest'

import { indexedDbStorage } from '../src/indexed-db-storage.ts'

describe('indexedDbStorage on a server', () => {
  it('is created all the same, and rejects every call with a TypeError that says where it belongs', async () => {
    const storage = indexedDbStorage()
    const calls = [
      storage.getItem('reauth'),
      storage.setItem('reauth', 'item'),
      storage.removeItem('reauth'),
      storage.replaceItem?.('reauth', null, 'item'),
    ]
    for (const call of calls) await expect(call).rejects.toThrow(TypeError)
    await expect(calls[0]).rejects.toThrow('indexedDbStorage() is for pages and workers')
  })
})
