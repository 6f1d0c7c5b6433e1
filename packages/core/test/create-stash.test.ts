import { deferred, settle } from '@reauth/testkit'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { createStash, type StashOptions } from '../src/create-stash.ts'
import { memoryStorage } from '../src/memory-storage.ts'
import type { TokenStorage } from '../src/storage.ts'
import type { TraceEntry } from '../src/trace.ts'
import { mapStorage } from './support/map-storage.ts'

const start = 1_000_000

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  return () => vi.useRealTimers()
})

function open<T = unknown>(options: Partial<StashOptions> = {}) {
  const { items, storage } = mapStorage()
  const entries: TraceEntry[] = []
  const trace = (entry: TraceEntry): void => void entries.push(entry)
  return { items, storage, entries, stash: createStash<T>({ storage, prefix: 'app', ttlMs: 1000, trace, ...options }) }
}

describe('a stash', () => {
  it('waits 5 s for a storage that never answers, and for whoever is next in line as well', async () => {
    const never = (): Promise<never> => new Promise(() => {})
    const { stash, entries } = open({ storage: { getItem: never, setItem: never, removeItem: never } })
    const outcomes = Promise.allSettled([stash.set('key', 1), stash.take('key')])
    await vi.advanceTimersByTimeAsync(10_000)
    const [set, take] = await outcomes
    expect(set).toMatchObject({ status: 'rejected', reason: { message: 'The storage did not answer in 5000 ms' } })
    expect(take).toEqual({ status: 'fulfilled', value: undefined })
    expect(entries).toMatchObject([{ type: 'warning' }])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives a value once', async () => {
    const { stash, items, entries } = open<{ a: number[] }>()
    await stash.set('key', { a: [1, 2] })
    expect(await stash.take('key')).toEqual({ a: [1, 2] })
    expect(items.size).toBe(0)
    expect(await stash.take('key')).toBeUndefined()
    expect(entries).toEqual([])
  })

  it.each([['text'], [''], [0], [false], [null], [{ deep: [{ er: 'x' }] }]])('gives %j as it was', async (value) => {
    const { stash } = open()
    await stash.set('key', value)
    expect(await stash.take('key')).toEqual(value)
  })

  it('keeps the last value that was set', async () => {
    const { stash } = open()
    await stash.set('key', 1)
    await stash.set('key', 2)
    expect(await stash.take('key')).toBe(2)
    expect(await stash.take('key')).toBeUndefined()
  })

  it('keeps a value as it was when it was set', async () => {
    const { stash } = open<string[]>()
    const value = ['before']
    const first = stash.take('key')
    const done = stash.set('key', value)
    value[0] = 'after'
    await Promise.all([first, done])
    expect(await stash.take('key')).toEqual(['before'])
  })

  it('is there for the next page over the same storage', async () => {
    const { stash, storage } = open()
    await stash.set('key', 1)
    expect(await createStash({ storage, prefix: 'app', ttlMs: 1000 }).take('key')).toBe(1)
  })

  it('works over a storage that is async, and over one that gives objects for strings', async () => {
    for (const storage of [
      memoryStorage(),
      mapStorage({ isAsync: true }).storage,
      mapStorage({ parses: true }).storage,
    ]) {
      const { stash, entries } = open({ storage })
      await stash.set('key', { a: 1 })
      expect(await stash.take('key')).toEqual({ a: 1 })
      expect(await stash.take('key')).toBeUndefined()
      expect(entries).toEqual([])
    }
  })

  it('keeps keys and prefixes apart, whatever is in them', async () => {
    const { storage, items } = mapStorage()
    const texts = ['a', 'a:', ':a', 'a:a', 'a:a:a', '', '%3A', '%', 'a%3Aa', 'a%253Aa', '__proto__', '"', '\uD800']
    const all = texts
      .filter((prefix) => prefix !== '')
      .flatMap((prefix) => texts.map((key) => ({ key, prefix, stash: createStash({ storage, prefix, ttlMs: 1000 }) })))
    for (const { key, prefix, stash } of all) await stash.set(key, [prefix, key])
    expect(items.size).toBe(all.length)
    for (const { key, prefix, stash } of all) expect(await stash.take(key)).toEqual([prefix, key])
  })

  it('names its items by the prefix', async () => {
    const { stash, items } = open()
    await stash.set('key', 1)
    expect([...items.keys()]).toEqual(['app:key'])
  })
})

describe('the time of a value', () => {
  it('is over after ttlMs, and it is removed', async () => {
    const { stash, items } = open()
    await stash.set('key', 1)
    vi.setSystemTime(start + 1000)
    expect(await stash.take('key')).toBeUndefined()
    expect(items.size).toBe(0)
  })

  it('is not over before', async () => {
    const { stash } = open({ ttlMs: 1000.1 })
    await stash.set('key', 1)
    expect(await stash.take('key')).toBe(1)
    await stash.set('key', 2)
    vi.setSystemTime(start + 999)
    expect(await stash.take('key')).toBe(2)
  })

  it('begins anew with each value', async () => {
    const { stash } = open()
    await stash.set('key', 1)
    vi.setSystemTime(start + 900)
    await stash.set('key', 2)
    vi.setSystemTime(start + 1800)
    expect(await stash.take('key')).toBe(2)
  })

  it('is not prolonged by a clock that was set back', async () => {
    const { stash, items } = open()
    await stash.set('key', 1)
    vi.setSystemTime(start - 1)
    expect(await stash.take('key')).toBeUndefined()
    expect(items.size).toBe(0)
  })

  it('is an absolute time in the record', async () => {
    const { stash, items } = open()
    await stash.set('key', 1)
    expect(JSON.parse(items.get('app:key') ?? '')).toEqual({ value: 1, expiresAt: start + 1000 })
  })
})

describe('what is no record of a stash', () => {
  it.each([
    '',
    'text',
    '{',
    'null',
    '1',
    '"text"',
    '[]',
    '{}',
    '{"value":1}',
    '{"value":1,"expiresAt":"1000500"}',
    '{"value":1,"expiresAt":null}',
  ])('is removed and not given: %s', async (item) => {
    const { stash, items, entries } = open()
    items.set('app:key', item)
    expect(await stash.take('key')).toBeUndefined()
    expect(items.size).toBe(0)
    expect(entries).toEqual([{ type: 'warning', level: 'warn', at: start, session: 'app', reason: 'malformed' }])
  })

  it.each(['1e999', '-1', '0', String(start), String(start + 1001)])('is not given if it expires at %s', async (at) => {
    const { stash, items } = open()
    items.set('app:key', `{"value":1,"expiresAt":${at}}`)
    expect(await stash.take('key')).toBeUndefined()
    expect(items.size).toBe(0)
  })

  it('is told to the console without a trace, and not what it was', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { storage, items } = mapStorage()
    items.set('app:key', 'secret')
    expect(await createStash({ storage, prefix: 'app', ttlMs: 1000 }).take('key')).toBeUndefined()
    expect(warn).toHaveBeenCalledExactlyOnceWith('reauth: app: malformed')
  })
})

describe('a storage that fails', () => {
  const failure = new Error('QuotaExceededError')
  const fail = (): never => {
    throw failure
  }
  const unavailable = { type: 'warning', level: 'warn', at: start, session: 'app', reason: 'unavailable' }

  it.each([['throws', fail] as const, ['rejects', () => Promise.reject(failure)] as const])(
    'makes set reject with what it %s, and keeps what was there',
    async (_, setItem) => {
      const { stash, storage } = open()
      await stash.set('key', 1)
      const full = createStash({ storage: { ...storage, setItem }, prefix: 'app', ttlMs: 1000 })
      await expect(full.set('key', 2)).rejects.toBe(failure)
      expect(await stash.take('key')).toBe(1)
    },
  )

  it.each(['getItem', 'removeItem'] as const)('makes take give nothing, with a warning: %s', async (method) => {
    const { storage, items } = mapStorage()
    const { stash, entries } = open({ storage: { ...storage, [method]: fail } })
    await stash.set('key', 1)
    expect(await stash.take('key')).toBeUndefined()
    expect(entries).toEqual([unavailable])
    expect(items.size).toBe(1)
  })

  it('gives later what it could not give at first', async () => {
    const { storage } = mapStorage()
    const removeItem = vi.fn<typeof storage.removeItem>(storage.removeItem).mockImplementationOnce(fail)
    const { stash } = open({ storage: { ...storage, removeItem } })
    await stash.set('key', 1)
    expect(await stash.take('key')).toBeUndefined()
    expect(await stash.take('key')).toBe(1)
  })

  it('does not hold up those who come after', async () => {
    const { storage } = mapStorage()
    const setItem = vi.fn<typeof storage.setItem>(storage.setItem).mockImplementationOnce(fail)
    const { stash } = open({ storage: { ...storage, setItem } })
    const failed = stash.set('key', 1)
    const done = stash.set('key', 2)
    const taken = stash.take('key')
    await expect(failed).rejects.toBe(failure)
    await done
    expect(await taken).toBe(2)
  })

  it('is the fault of the value when that is no JSON', async () => {
    const { stash } = open()
    await expect(stash.set('key', 1n)).rejects.toThrow(TypeError)
  })
})

describe('callers at once', () => {
  it.each([true, false])('get a value once (async storage: %s)', async (isAsync) => {
    const { storage } = mapStorage({ isAsync })
    const { stash } = open({ storage })
    const other = createStash({ storage, prefix: 'app', ttlMs: 1000 })
    await stash.set('key', 1)
    const taken = await Promise.all([stash.take('key'), stash.take('key'), other.take('key')])
    expect(taken).toEqual([1, undefined, undefined])
  })

  it('are served in the order in which they came', async () => {
    const { stash } = open({ storage: mapStorage({ isAsync: true }).storage })
    const [, first, , second, third] = await Promise.all([
      stash.set('key', 1),
      stash.take('key'),
      stash.set('key', 2),
      stash.take('key'),
      stash.take('key'),
    ])
    expect([first, second, third]).toEqual([1, 2, undefined])
  })

  it('do not wait for those of another key', async () => {
    const { storage } = mapStorage()
    const gate = deferred<null>()
    const getItem = (name: string): unknown => (name === 'app:slow' ? gate.promise : storage.getItem(name))
    const { stash } = open({ storage: { ...storage, getItem } })
    const slow = stash.take('slow')
    await stash.set('key', 1)
    expect(await stash.take('key')).toBe(1)
    gate.resolve(null)
    await settle()
    expect(await slow).toBeUndefined()
  })
})

describe('the options of a stash', () => {
  it.each([0, -1, Number.NaN, Infinity, '1000', undefined])('throw a TypeError for the ttlMs %s', (ttlMs) => {
    expect(() => open({ ttlMs: ttlMs as number })).toThrow(TypeError)
    expect(() => open({ ttlMs: ttlMs as number })).toThrow('ttlMs')
  })

  it.each(['', undefined, 1])('throw a TypeError for the prefix %j', (prefix) => {
    expect(() => open({ prefix: prefix as string })).toThrow(TypeError)
    expect(() => open({ prefix: prefix as string })).toThrow('prefix')
  })

  it('throw a TypeError without a storage', () => {
    expect(() => createStash({ storage: undefined as never, prefix: 'app', ttlMs: 1 })).toThrow(TypeError)
  })
})

describe('a Web Storage', () => {
  /** As far as a stash sees it: its items are its own properties. */
  function webStorage(): TokenStorage {
    return Object.create(
      {
        getItem(this: Record<string, string>, key: string) {
          return this[key] ?? null
        },
        setItem(this: Record<string, string>, key: string, value: string) {
          this[key] = value
        },
        removeItem(this: Record<string, string>, key: string) {
          // oxlint-disable-next-line typescript/no-dynamic-delete
          delete this[key]
        },
      },
      {},
    ) as TokenStorage
  }

  it('loses what is over though nobody ever asks for it, as soon as something else is put aside', async () => {
    const storage = webStorage()
    const stash = createStash({ storage, prefix: 'p', ttlMs: 1000 })
    await stash.set('left', 'secret')
    storage.setItem('other:left', '{"value":1,"expiresAt":0}')
    storage.setItem('p:mine', 'no record')
    vi.setSystemTime(start + 500)
    await stash.set('waits', 1)
    vi.setSystemTime(start + 1000)
    expect(storage.getItem('p:left')).not.toBeNull()
    await stash.set('next', 1)
    expect(Object.keys(storage).toSorted()).toEqual(['other:left', 'p:mine', 'p:next', 'p:waits'])
    expect(await stash.take('waits')).toBe(1)
  })
})
