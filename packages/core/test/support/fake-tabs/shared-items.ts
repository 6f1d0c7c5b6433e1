import type { Scheduler } from 'fast-check'

import type { TokenStorage } from '../../../src/storage.ts'
import type { Tab } from './tab.ts'

/** What becomes of one call: it works, throws before anything is written, or never answers. */
export type Mishap = 'throws' | 'hangs'

/** Items that several tabs share, whose every call and every answer takes as long as the scheduler pleases. */
export interface SharedItems {
  readonly items: ReadonlyMap<string, string>
  /** How many calls are on their way. */
  readonly busy: number
  /** How often an item was removed. */
  readonly removals: number
  /** Lets the next call of a tab fail. */
  fail(tab: Tab, mishap: Mishap): void
  storageFor(tab: Tab): TokenStorage
}

export function createSharedItems(scheduler: Scheduler, isSwapping: boolean): SharedItems {
  const items = new Map<string, string>()
  const mishaps = new Map<Tab, Mishap>()
  let busy = 0
  let removals = 0

  async function take<T>(tab: Tab, what: string, act: () => T): Promise<T> {
    const mishap = mishaps.get(tab)
    mishaps.delete(tab)
    if (mishap === 'hangs') return new Promise(() => {})
    busy++
    await scheduler.schedule(Promise.resolve(), `tab ${tab.id} ${what}`)
    if (mishap === 'throws') {
      busy--
      throw new Error('The disk is full')
    }
    const answer = act()
    await scheduler.schedule(Promise.resolve(), `tab ${tab.id} ${what}: answered`)
    busy--
    return answer
  }

  return {
    items,
    get busy() {
      return busy
    },
    get removals() {
      return removals
    },
    fail(tab, mishap) {
      tab.forget()
      mishaps.set(tab, mishap)
    },
    storageFor(tab) {
      const call = <T>(what: string, act: () => T): Promise<T> => tab.gate(take(tab, what, act))
      return {
        getItem: (key) => call(`gets ${key}`, () => items.get(key) ?? null),
        setItem: (key, value) => call(`sets ${key}`, () => items.set(key, value)),
        removeItem: (key) =>
          call(`removes ${key}`, () => {
            removals++
            items.delete(key)
          }),
        ...(isSwapping && {
          replaceItem: (key: string, expected: unknown, next: string) =>
            call(`swaps ${key}`, () => {
              if ((items.get(key) ?? null) !== expected) return false
              items.set(key, next)
              return true
            }),
        }),
      }
    },
  }
}
