import type { TokenStorage } from '@reauth/core'

import type { ContractTest } from './adapter-contract.ts'
import { assertEqual } from './assert-equal.ts'
import { items } from './storage-items.ts'
import { locks } from './storage-locks.ts'
import type { StoragePromise, StorageStage } from './storage-promise.ts'
import { swaps } from './storage-swaps.ts'

/** What the contract has to know of a storage. */
export interface StorageContractOptions {
  /** Returns an empty storage; called once per test. */
  create: () => TokenStorage | Promise<TokenStorage>
  /**
   * Returns another one over the items of the last: another connection, as another tab or machine has it.
   *
   * @default the same one
   */
  another?: () => TokenStorage | Promise<TokenStorage>
  /** Closes what a test has created. */
  close?: () => unknown
  /** Whether it is its own lock. @default false */
  request?: boolean
  /** Whether it compares and swaps. @default false */
  replaceItem?: boolean
}

/**
 * Returns the promises that every storage of a session keeps, each as a test with a storage of its own; those of
 * `request` and `replaceItem` where you say that they are there.
 */
export function storageContract(options: StorageContractOptions): readonly ContractTest[] {
  const { create, another, close, request = false, replaceItem = false } = options
  const parts: StoragePromise = {
    title: 'has the optional parts that it is said to have',
    async play({ storage }) {
      assertEqual(storage.request !== undefined, request, 'Whether there is a request')
      assertEqual(storage.replaceItem !== undefined, replaceItem, 'Whether there is a replaceItem')
    },
  }
  const promises = [parts, ...items, ...(replaceItem ? swaps : []), ...(request ? locks : [])]
  return promises.map(({ title, play }) => ({
    title,
    async run() {
      const storage = await create()
      try {
        await play(stageOf(storage, another === undefined ? storage : await another()))
      } finally {
        await close?.()
      }
    },
  }))
}

function stageOf(storage: TokenStorage, other: TokenStorage): StorageStage {
  return {
    storage,
    other,
    async assertItem(key, set, what) {
      for (const one of [storage, other]) {
        const item = await one.getItem(key)
        assertEqual(typeof item === 'object' && item !== null ? JSON.stringify(item) : (item ?? null), set, what)
      }
    },
  }
}
