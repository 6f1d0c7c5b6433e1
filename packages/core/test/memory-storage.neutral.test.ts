import { storageContract } from '@reauth/testkit'
import { describe, it } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import { asyncStorage } from './support/async-storage.ts'
import { swappingStorage } from './support/swapping-storage.ts'

describe('memoryStorage', () => {
  for (const { title, run } of storageContract({ create: memoryStorage, request: true })) it(title, run)
})

describe('a storage in memory that is asynchronous', () => {
  const contract = storageContract({ create: () => asyncStorage(memoryStorage()), request: true })
  for (const { title, run } of contract) it(title, run)
})

describe('a storage in memory that compares and swaps', () => {
  const contract = storageContract({ create: swappingStorage, request: true, replaceItem: true })
  for (const { title, run } of contract) it(title, run)
})
