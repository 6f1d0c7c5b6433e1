import { beforeEach, describe, expect, it, vi } from 'vitest'

import { createStash } from '../src/create-stash.ts'
import { drafts, type DraftsOptions } from '../src/drafts.ts'
import { returnTo } from '../src/return-to.ts'
import type { TraceEntry } from '../src/trace.ts'
import { mapStorage } from './support/map-storage.ts'

const start = 1_000_000
const hours = 3_600_000
const room = { server: 'https://a.test', place: 'room/1', identity: 'https://issuer.test#me' }

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  return () => vi.useRealTimers()
})

function open(options: DraftsOptions = {}) {
  const { items, storage } = mapStorage()
  const entries: TraceEntry[] = []
  const trace = (entry: TraceEntry): void => void entries.push(entry)
  return { items, storage, entries, draft: drafts({ storage, trace, ...options }) }
}

describe('drafts', () => {
  it('give a text once, after the round trip', async () => {
    const { draft, storage, items, entries } = open()
    await draft.save(room, 'Hello,\n"world" \u{1F600}')
    const afterwards = drafts({ storage })
    expect(await afterwards.take({ ...room })).toBe('Hello,\n"world" \u{1F600}')
    expect(await afterwards.take(room)).toBeUndefined()
    expect(items.size).toBe(0)
    expect(entries).toEqual([])
  })

  it('give the text that was saved last', async () => {
    const { draft } = open()
    await draft.save(room, 'Hel')
    await draft.save(room, 'Hello')
    expect(await draft.take(room)).toBe('Hello')
    expect(await draft.take(room)).toBeUndefined()
  })

  it('forget a text when an empty one is saved', async () => {
    const { draft, items } = open()
    await draft.save(room, 'Hello')
    await draft.save(room, '')
    expect(items.size).toBe(0)
    expect(await draft.take(room)).toBeUndefined()
  })

  it.each(['server', 'place', 'identity'] as const)('give nothing for another %s, and keep it', async (member) => {
    const { draft } = open()
    await draft.save(room, 'Hello')
    expect(await draft.take({ ...room, [member]: 'another' })).toBeUndefined()
    expect(await draft.take({ ...room, [member]: `${room[member]} ` })).toBeUndefined()
    expect(await draft.take(room)).toBe('Hello')
  })

  it.each([':', '/', ',', '"', '","', '\\"', '"]', '\0', '%22', '%3A', ' ', '|', '\uD800'])(
    'keep the members apart, whatever is in them: %j',
    async (text) => {
      const { draft, items } = open()
      const texts = ['a', text, `a${text}`, `${text}a`, text + text]
      const keys = ['', ...texts].flatMap((server) =>
        ['', ...texts].flatMap((place) => texts.map((identity) => ({ server, place, identity }))),
      )
      for (const key of keys) await draft.save(key, JSON.stringify(key))
      expect(items.size).toBe(keys.length)
      for (const key of keys) expect(await draft.take(key)).toBe(JSON.stringify(key))
    },
  )

  it('share a storage with other stashes', async () => {
    const { draft, storage, items } = open()
    const place = returnTo({ storage, origin: 'https://app.test' })
    const stash = createStash({ storage, prefix: 'reauth', ttlMs: hours })
    await draft.save(room, 'Hello')
    await place.save('/room/1')
    await stash.set(JSON.stringify(Object.values(room)), 1)
    await stash.set('drafts', 2)
    expect(items.size).toBe(4)
    expect(await draft.take(room)).toBe('Hello')
    expect(await place.take()).toBe('/room/1')
  })

  it('keep a text for 24 hours', async () => {
    const { draft } = open()
    await draft.save(room, 'Hello')
    vi.setSystemTime(start + 24 * hours - 1)
    expect(await draft.take(room)).toBe('Hello')
    await draft.save(room, 'Hello')
    vi.setSystemTime(start + 48 * hours)
    expect(await draft.take(room)).toBeUndefined()
  })

  it('keep a text for ttlMs', async () => {
    const { draft } = open({ ttlMs: hours })
    await draft.save(room, 'Hello')
    vi.setSystemTime(start + hours)
    expect(await draft.take(room)).toBeUndefined()
  })

  it.each(['', undefined, null, 7])('belong to somebody: a TypeError for the identity %j', async (identity) => {
    const { draft, items } = open()
    const nobody = { ...room, identity: identity as string }
    await expect(draft.save(nobody, 'Hello')).rejects.toThrow(TypeError)
    await expect(draft.take(nobody)).rejects.toThrow('identity')
    expect(items.size).toBe(0)
  })

  it.each(['server', 'place'] as const)('belong somewhere: a TypeError without a %s', async (member) => {
    const { draft } = open()
    await expect(draft.save({ ...room, [member]: undefined }, 'Hello')).rejects.toThrow(TypeError)
  })

  it('reject when a text cannot be stored, so that it stays where it is', async () => {
    const { storage } = mapStorage()
    const failure = new DOMException('full', 'QuotaExceededError')
    const setItem = (): never => {
      throw failure
    }
    const { draft } = open({ storage: { ...storage, setItem } })
    await expect(draft.save(room, 'Hello')).rejects.toBe(failure)
  })

  it('give no other value than a text', async () => {
    const { draft, items } = open()
    await draft.save(room, 'Hello')
    for (const [name, item] of items) items.set(name, item.replace('"Hello"', '{"toString":"Hello"}'))
    expect(await draft.take(room)).toBeUndefined()
  })

  it('tell of a text that is lost, and not what it was', async () => {
    const { draft, items, entries } = open()
    await draft.save(room, 'Hello')
    for (const name of items.keys()) items.set(name, 'Hello')
    expect(await draft.take(room)).toBeUndefined()
    const entry = { type: 'warning', level: 'warn', at: start, session: 'reauth.drafts', reason: 'malformed' }
    expect(entries).toEqual([entry])
  })

  it('go by the order of the calls', async () => {
    const { draft } = open({ storage: mapStorage({ isAsync: true }).storage })
    const [, first, , , second] = await Promise.all([
      draft.save(room, 'a'),
      draft.take(room),
      draft.save(room, 'b'),
      draft.save(room, ''),
      draft.take(room),
    ])
    expect([first, second]).toEqual(['a', undefined])
  })

  it('wait in memory outside of a page, in one of its own', async () => {
    const draft = drafts()
    await draft.save(room, 'Hello')
    expect(await drafts().take(room)).toBeUndefined()
    expect(await draft.take(room)).toBe('Hello')
  })

  it('throw a TypeError for a ttlMs that is none', () => {
    expect(() => open({ ttlMs: Number.NaN })).toThrow(TypeError)
  })
})
