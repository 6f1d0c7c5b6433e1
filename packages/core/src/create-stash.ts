import { createKeyedLock, type KeyedLock } from './keyed-lock.ts'
import { patiently } from './patiently.ts'
import { timers } from './platform/timers.ts'
import { warnOfLoss } from './stash-warning.ts'
import type { TokenStorage } from './storage.ts'
import type { Trace } from './trace.ts'

/** What {@link createStash} is made with. */
export interface StashOptions {
  /** Where the values are kept: `sessionStorage`, `localStorage`, or anything else of this shape, sync or async. */
  storage: TokenStorage
  /** What the names of the items in the storage begin with. Two stashes of one prefix are one stash. */
  prefix: string
  /** How long a value may wait, in ms by this machine's clock. */
  ttlMs: number
  /** Takes a warning for each value that is lost, which goes to the console without it. */
  trace?: Trace | undefined
}

/** Puts JSON values aside, to be taken once. */
export interface Stash<T> {
  /**
   * Puts a value aside, in the place of the one before. Rejects with what the storage threw: nothing is lost without a
   * word. What is over in a Web Storage goes.
   */
  set(key: string, value: T): Promise<void>
  /**
   * Removes a value and gives it, once, to one of those who ask in this process. Undefined when there is none, when its
   * time is over, or when it lies further ahead than it could (the clock was set back); also, with a warning, when it is
   * no record of a stash or the storage failed. Never rejects.
   *
   * Whoever can write to the storage decides what this is: its type is not checked.
   */
  take(key: string): Promise<T | undefined>
}

interface StashRecord {
  readonly value?: unknown
  /** Epoch ms. */
  readonly expiresAt: number
}

// By storage, so that two stashes over one cannot give one value twice.
const locks = new WeakMap<TokenStorage, KeyedLock>()

/** Creates a stash. Throws a `TypeError` for a prefix that is empty and a time that is none. */
export function createStash<T = unknown>({ storage, prefix, ttlMs, trace }: StashOptions): Stash<T> {
  if (typeof prefix !== 'string' || prefix === '') throw new TypeError('prefix has to be a text that is not empty')
  if (!Number.isFinite(ttlMs) || ttlMs <= 0) throw new TypeError(`ttlMs has to be milliseconds above 0, not ${ttlMs}`)
  const lock = locks.get(storage) ?? createKeyedLock()
  locks.set(storage, lock)

  return {
    async set(key, value) {
      const name = nameOf(prefix, key)
      // Made now: the value may change while others hold the key.
      const item = JSON.stringify({ value, expiresAt: Date.now() + ttlMs } satisfies StashRecord)
      await lock.run(name, async () => {
        sweep(storage, prefix)
        await patiently(timers, storage.setItem(name, item))
      })
    },
    async take(key) {
      const name = nameOf(prefix, key)
      try {
        const item = await lock.run(name, () => takeItem(storage, name))
        if (item === undefined) return undefined
        const record = recordOf(item)
        if (record === undefined) warnOfLoss(trace, prefix, 'malformed')
        return isDue(record, ttlMs) ? (record.value as T) : undefined
      } catch {
        warnOfLoss(trace, prefix, 'unavailable')
        return undefined
      }
    },
  }
}

/** The name of an item. Its last colon ends the prefix, so that no two stashes share one. */
function nameOf(prefix: string, key: string): string {
  return `${prefix}:${key.replaceAll('%', '%25').replaceAll(':', '%3A')}`
}

/** Removes what is over, since nobody may ever ask for it; where a storage shows what it holds, as Web Storage does. */
function sweep(storage: TokenStorage, prefix: string): void {
  for (const name of Object.keys(storage)) {
    if (!name.startsWith(`${prefix}:`)) continue
    const { expiresAt = Infinity } = { ...recordOf(storage.getItem(name)) }
    if (expiresAt <= Date.now()) void storage.removeItem(name)
  }
}

async function takeItem(storage: TokenStorage, name: string): Promise<unknown> {
  const item = (await patiently(timers, storage.getItem(name))) ?? undefined
  // Gone before it is given: what cannot be removed would be given twice.
  if (item !== undefined) await patiently(timers, storage.removeItem(name))
  return item
}

function recordOf(item: unknown): StashRecord | undefined {
  try {
    const record = (typeof item === 'string' ? JSON.parse(item) : item) as StashRecord
    return typeof record.expiresAt === 'number' ? record : undefined
  } catch {
    return undefined
  }
}

function isDue(record: StashRecord | undefined, ttlMs: number): record is StashRecord {
  if (record === undefined) return false
  const now = Date.now()
  return now < record.expiresAt && record.expiresAt <= now + ttlMs
}
