import type { TokenStorage } from '@reauth/core'

import { assertEqual } from './assert-equal.ts'
import type { StoragePromise, StorageStage } from './storage-promise.ts'

const first = JSON.stringify({ turn: 1 })
const second = JSON.stringify({ turn: 2 })

/** What `replaceItem` is for: of all who saw the same item, one replaces it. */
export const swaps: readonly StoragePromise[] = [
  {
    title: 'replaces what is still as it was read, and says so',
    async play({ storage, other, assertItem }) {
      assertEqual(await swap(storage, null, first), true, 'The replacement of nothing')
      await assertItem('reauth', first, 'The item')
      assertEqual(await swap(other, await storage.getItem('reauth'), second), true, 'The replacement of the item')
      await assertItem('reauth', second, 'The item')
    },
  },
  {
    title: 'leaves alone what is another, and says so',
    async play({ storage, assertItem }) {
      await storage.setItem('reauth', first)
      const read = await storage.getItem('reauth')
      assertEqual(await swap(storage, null, second), false, 'The replacement of nothing, where there is an item')
      await storage.setItem('reauth', second)
      assertEqual(await swap(storage, read, first), false, 'The replacement of an item that was overwritten')
      await assertItem('reauth', second, 'The item')
      await storage.removeItem('reauth')
      assertEqual(await swap(storage, read, first), false, 'The replacement of an item that was removed')
      await assertItem('reauth', null, 'The item')
    },
  },
  {
    title: 'lets one of fifty at once win, time after time',
    async play(stage) {
      for (const round of [1, 2, 3, 4, 5]) {
        const read = (await stage.storage.getItem('reauth')) ?? null
        const won = await Promise.all(
          Array.from({ length: 50 }, (_, index) => swap(sideOf(stage, index), read, JSON.stringify({ round, index }))),
        )
        assertEqual(won.filter(Boolean).length, 1, `Winners in round ${round}`)
        await stage.assertItem('reauth', JSON.stringify({ round, index: won.indexOf(true) }), 'The item of the winner')
      }
    },
  },
  {
    title: 'loses no turn of fifty who try until they win',
    async play(stage) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => count(sideOf(stage, index))))
      await stage.assertItem('reauth', JSON.stringify({ turn: 50 }), 'The item')
    },
  },
]

const sideOf = ({ storage, other }: StorageStage, index: number): TokenStorage => (index % 2 === 0 ? storage : other)

async function swap(storage: TokenStorage, expected: unknown, next: string): Promise<boolean | undefined> {
  return storage.replaceItem?.('reauth', expected, next)
}

async function count(storage: TokenStorage): Promise<void> {
  for (;;) {
    const read = (await storage.getItem('reauth')) ?? null
    const { turn } = (typeof read === 'string' ? JSON.parse(read) : (read ?? { turn: 0 })) as { turn: number }
    if ((await swap(storage, read, JSON.stringify({ turn: turn + 1 }))) !== false) return
  }
}
