import { settle, storageContract } from '@reauth/testkit'
import { createStorage } from 'unstorage'
import { describe, expect, it, vi } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import { type MigrationOptions, migratingStorage } from '../src/migrating-storage.ts'
import type { TokenStorage } from '../src/storage.ts'
import type { TokenSet } from '../src/token-set.ts'
import { asyncStorage } from './support/async-storage.ts'
import { swappingStorage } from './support/swapping-storage.ts'

/** What the old code keeps under `old`. */
interface Legacy {
  access: string
  refresh?: string | undefined
  user?: string | undefined
}

const options: MigrationOptions = {
  legacyKey: 'old',
  read(text) {
    const { access, refresh, user } = JSON.parse(text) as Legacy
    return {
      accessToken: access,
      ...(refresh !== undefined && { refreshToken: refresh }),
      ...(user !== undefined && { identity: user }),
    }
  },
  write: ({ accessToken = '', refreshToken, identity }) => legacy(accessToken, identity, refreshToken),
}

function legacy(access: string, user?: string, refresh?: string): string {
  return JSON.stringify({ access, refresh, user } satisfies Legacy)
}

function record(version: number, tokens: TokenSet, more: object = {}): string {
  const { identity } = tokens
  return JSON.stringify({
    format: 1,
    epoch: 3,
    version,
    tokens,
    receivedAt: 1_000,
    ...(identity !== undefined && { identity }),
    ...more,
  })
}

const ada = (accessToken: string): TokenSet => ({ accessToken, refreshToken: `r-${accessToken}`, identity: 'ada' })
const oldAda = (accessToken: string): string => legacy(accessToken, 'ada', `r-${accessToken}`)
const parsed = (item: unknown): unknown => (typeof item === 'string' ? JSON.parse(item) : item)

const plain = (): TokenStorage => createStorage()
const inner: readonly [kind: string, create: () => TokenStorage][] = [
  ['synchronous', memoryStorage],
  ['asynchronous', () => asyncStorage(memoryStorage())],
  ['synchronous and swapping', swappingStorage],
  ['asynchronous and swapping', () => asyncStorage(swappingStorage())],
  ['asynchronous, of objects', plain],
]

describe.each(inner)('migratingStorage over a storage that is %s', (_, create) => {
  const { request, replaceItem } = create()
  const contract = storageContract({
    create: () => migratingStorage(create(), options),
    request: request !== undefined,
    replaceItem: replaceItem !== undefined,
  })
  for (const { title, run } of contract) it(title, run)

  it('writes a record to both keys, and gives it as it was set', async () => {
    const { storage, old, under } = stage(create)
    await storage.setItem('reauth', record(1, ada('a1')))
    expect(await old()).toEqual(parsed(oldAda('a1')))
    await storage.setItem('reauth', record(2, ada('a2')))
    expect(await old()).toEqual(parsed(oldAda('a2')))
    expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(record(2, ada('a2'))))
    expect(parsed(await under.getItem('reauth'))).toMatchObject({ format: 1, epoch: 3, version: 2, tokens: ada('a2') })
  })

  it('removes both keys', async () => {
    const { storage, old, under } = stage(create)
    await storage.setItem('reauth', record(1, ada('a1')))
    await storage.removeItem('reauth')
    expect((await old()) ?? null).toBeNull()
    expect((await under.getItem('reauth')) ?? null).toBeNull()
    expect((await storage.getItem('reauth')) ?? null).toBeNull()
  })

  it('gives what old code wrote since, as a version of the same epoch where the identity is the same', async () => {
    const { storage, under } = stage(create)
    await storage.setItem('reauth', record(7, ada('a1'), { fate: { dead: true }, expired: 'expired' }))
    await under.setItem('old', oldAda('a2'))
    const shown = parsed(await storage.getItem('reauth'))
    const receivedAt: unknown = expect.any(Number)
    expect(shown).toEqual({ format: 1, epoch: 3, version: 8, tokens: ada('a2'), receivedAt, identity: 'ada' })
  })

  it.each([
    ['is another', legacy('b1', 'bob'), { epoch: 4, version: 8, identity: 'bob' }],
    ['is not known', legacy('b1'), { epoch: 4, version: 8 }],
  ])('gives it as the first of a new epoch where the identity %s', async (__, written, expected) => {
    const { storage, under } = stage(create)
    await storage.setItem('reauth', record(7, ada('a1')))
    await under.setItem('old', written)
    const shown = parsed(await storage.getItem('reauth'))
    expect(shown).toMatchObject(expected)
    expect(shown).toMatchObject({ tokens: { accessToken: 'b1' } })
  })

  it('gives it as the first of a new epoch where no identity is known at all', async () => {
    const { storage, under } = stage(create)
    await storage.setItem('reauth', record(7, { accessToken: 'a1' }))
    await under.setItem('old', legacy('a2'))
    expect(parsed(await storage.getItem('reauth'))).toMatchObject({ epoch: 4, version: 8 })
  })

  it('makes a record of what old code wrote before there was one', async () => {
    const { storage, under } = stage(create)
    await under.setItem('old', oldAda('a1'))
    expect(parsed(await storage.getItem('reauth'))).toMatchObject({ epoch: 1, version: 1, tokens: ada('a1') })
  })

  it('takes what old code wrote after a sign-out for a sign-in above it, with or without the old record', async () => {
    const { storage, under } = stage(create)
    await storage.setItem('reauth', record(7, ada('a1')))
    await storage.setItem('reauth.epoch', '5:9')
    await under.setItem('old', oldAda('a2'))
    const expected = { epoch: 6, version: 10, tokens: ada('a2') }
    expect(parsed(await storage.getItem('reauth'))).toMatchObject(expected)
    await under.removeItem('reauth')
    expect(parsed(await storage.getItem('reauth'))).toMatchObject(expected)
  })

  it('stays with the record when the old key is gone, empty, or nothing to go by', async () => {
    const { storage, under } = stage(create)
    const set = record(1, ada('a1'))
    await storage.setItem('reauth', set)
    for (const written of ['', 'no JSON', '{}', '{"access":"with a space"}', 'null']) {
      await under.setItem('old', written)
      expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(set))
    }
    await under.removeItem('old')
    expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(set))
    await storage.removeItem('reauth')
    await under.setItem('old', 'no JSON')
    expect((await storage.getItem('reauth')) ?? null).toBeNull()
  })

  it('takes the same tokens in other words for the same', async () => {
    const { storage, under } = stage(create)
    const set = record(1, ada('a1'))
    await storage.setItem('reauth', set)
    await under.setItem('old', JSON.stringify({ savedAt: 12, user: 'ada', refresh: 'r-a1', access: 'a1' }))
    expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(set))
  })

  it('takes what it wrote for its own, even where `read` makes something else of it', async () => {
    const under = create()
    const storage = migratingStorage(under, { ...options, read: () => ({ accessToken: 'another' }) })
    const set = record(1, ada('a1'))
    await storage.setItem('reauth', set)
    expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(set))
  })

  it('does not take spent tokens for news when the page ended between the two writes', async () => {
    const { storage, under } = stage(create)
    await storage.setItem('reauth', record(1, ada('a1')))
    const dying = migratingStorage(
      { ...under, setItem: (key, value) => (key === 'old' ? undefined : under.setItem(key, value)) },
      options,
    )
    await dying.setItem('reauth', record(2, ada('a2')))
    expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(record(2, ada('a2'))))
    await storage.setItem('reauth', record(2, ada('a2'), { fate: {} }))
    expect(await under.getItem('old')).toSatisfy((item) => JSON.stringify(parsed(item)) === oldAda('a2'))
  })

  it('passes on what is no record', async () => {
    const { storage, under } = stage(create)
    await under.setItem('old', oldAda('a1'))
    await storage.setItem('reauth.epoch', '4:2')
    await storage.setItem('note', 'a note')
    expect(await under.getItem('reauth.epoch')).toBe('4:2')
    expect(await storage.getItem('reauth.epoch')).toBe('4:2')
    expect(await storage.getItem('note')).toBe('a note')
    await storage.removeItem('note')
    await storage.removeItem('reauth.epoch')
    await storage.removeItem('reauth.epoch')
    expect((await storage.getItem('reauth.epoch')) ?? null).toBeNull()
    expect(await storage.getItem('old')).toBeDefined()
    expect(parsed(await storage.getItem('reauth'))).toMatchObject({ tokens: ada('a1') })
  })
})

describe.each(inner.filter(([kind]) => kind.includes('swapping')))(
  'replaceItem over a storage that is %s',
  (_, create) => {
    it('replaces what getItem gave, in both keys, whatever stands for it', async () => {
      const { storage, old, under } = stage(create)
      await under.setItem('old', oldAda('a1'))
      const made = await storage.getItem('reauth')
      expect(await storage.replaceItem?.('reauth', made, record(2, ada('a2')))).toBe(true)
      expect(await old()).toEqual(parsed(oldAda('a2')))
      const marked = await storage.getItem('reauth')
      expect(marked).toBe(record(2, ada('a2')))
      expect(await storage.replaceItem?.('reauth', marked, record(3, ada('a3')))).toBe(true)
      await under.setItem('old', oldAda('a4'))
      const newer = await storage.getItem('reauth')
      expect(await storage.replaceItem?.('reauth', newer, record(5, ada('a5')))).toBe(true)
      expect(await old()).toEqual(parsed(oldAda('a5')))
      expect(await storage.getItem('reauth')).toBe(record(5, ada('a5')))
    })

    it('leaves both keys alone when somebody else was faster, in either', async () => {
      const { storage, old, under } = stage(create)
      await storage.setItem('reauth', record(1, ada('a1')))
      const first = await storage.getItem('reauth')
      await storage.setItem('reauth', record(2, ada('a2')))
      expect(await storage.replaceItem?.('reauth', first, record(2, ada('x')))).toBe(false)
      expect(await storage.replaceItem?.('reauth', null, record(2, ada('x')))).toBe(false)
      const second = await storage.getItem('reauth')
      await under.setItem('old', oldAda('a3'))
      expect(await storage.replaceItem?.('reauth', second, record(3, ada('x')))).toBe(false)
      expect(await old()).toEqual(parsed(oldAda('a3')))
      expect(parsed(await storage.getItem('reauth'))).toMatchObject({ version: 3, tokens: ada('a3') })
    })

    it('does not take spent tokens for news when the page ended between the two writes', async () => {
      const { storage, under } = stage(create)
      await storage.setItem('reauth', record(1, ada('a1')))
      const dying = migratingStorage({ ...under, setItem: () => undefined }, options)
      expect(await dying.replaceItem?.('reauth', await dying.getItem('reauth'), record(2, ada('a2')))).toBe(true)
      expect(parsed(await storage.getItem('reauth'))).toEqual(parsed(record(2, ada('a2'))))
    })

    it('passes on what is no record', async () => {
      const { storage, under } = stage(create)
      await under.setItem('old', oldAda('a1'))
      expect(await storage.replaceItem?.('reauth.epoch', null, '4:2')).toBe(true)
      expect(await under.getItem('reauth.epoch')).toBe('4:2')
      expect(await under.getItem('old')).toBe(oldAda('a1'))
    })

    it('lets one of fifty records at once win, and the old key follow it', async () => {
      const { storage, old } = stage(create)
      await storage.setItem('reauth', record(1, ada('a1')))
      const read = await storage.getItem('reauth')
      const swaps = Array.from({ length: 50 }, async (__, index) =>
        storage.replaceItem?.('reauth', read, record(2, ada(`b${index}`))),
      )
      const won = await Promise.all(swaps)
      expect(won.filter(Boolean)).toHaveLength(1)
      const winner = won.indexOf(true)
      expect(await storage.getItem('reauth')).toBe(record(2, ada(`b${winner}`)))
      expect(await old()).toEqual(parsed(oldAda(`b${winner}`)))
    })
  },
)

describe('migratingStorage', () => {
  it('is synchronous over a synchronous storage', () => {
    const storage = migratingStorage(swappingStorage(), options)
    expect(storage.setItem('reauth', record(1, ada('a1')))).toBeUndefined()
    const read = storage.getItem('reauth')
    expect(read).toBe(record(1, ada('a1')))
    expect(storage.replaceItem?.('reauth', read, record(2, ada('a2')))).toBe(true)
    void storage.setItem('old', oldAda('a3'))
    expect(parsed(storage.getItem('reauth'))).toMatchObject({ version: 3 })
    expect(storage.removeItem('reauth')).toBeUndefined()
    expect(storage.getItem('reauth')).toBeNull()
  })

  it('gives the same each time, received when it was first seen', () => {
    vi.useFakeTimers({ now: 5_000 })
    const under = memoryStorage()
    const storage = migratingStorage(under, options)
    void under.setItem('old', oldAda('a1'))
    const first = storage.getItem('reauth')
    expect(parsed(first)).toMatchObject({ receivedAt: 5_000 })
    vi.setSystemTime(9_000)
    expect(storage.getItem('reauth')).toBe(first)
    void under.setItem('old', oldAda('a2'))
    expect(parsed(storage.getItem('reauth'))).toMatchObject({ receivedAt: 9_000 })
    vi.useRealTimers()
  })

  it('reads in a moment between two writes of another tab either the one or the other, never older tokens', async () => {
    const under = memoryStorage()
    const writer = migratingStorage(under, options)
    void writer.setItem('reauth', record(1, ada('a1')))
    let reads = 0
    const storage = migratingStorage(
      {
        ...under,
        async getItem(key) {
          const item = under.getItem(key)
          // The other tab writes twice after the first look at the old key.
          if (++reads === 1) {
            void writer.setItem('reauth', record(2, ada('a2')))
            void writer.setItem('reauth', record(3, ada('a3')))
          }
          await settle(1)
          return item
        },
      },
      options,
    )
    expect(await storage.getItem('reauth')).toBe(record(3, ada('a3')))
  })

  it('removes the old key first, so that what is left is no sign-in', async () => {
    const removed: string[] = []
    const under = memoryStorage()
    const storage = migratingStorage({ ...under, removeItem: (key) => removed.push(key) }, options)
    await storage.removeItem('reauth')
    expect(removed).toEqual(['old', 'reauth'])
  })

  it('says what it is a layer over', () => {
    const under = memoryStorage()
    const storage = migratingStorage(under, options)
    expect(storage.base).toBe(under)
    expect(migratingStorage(storage, options).base).toBe(under)
  })

  it('calls the parts of a storage as its own', async () => {
    class Inner {
      readonly items = new Map<string, string>()
      getItem(key: string): unknown {
        return this.items.get(key) ?? null
      }
      setItem(key: string, value: string): void {
        this.items.set(key, value)
      }
      removeItem(key: string): void {
        this.items.delete(key)
      }
      replaceItem(key: string, expected: unknown, next: string): boolean {
        if (this.getItem(key) !== expected) return false
        this.setItem(key, next)
        return true
      }
      async request<T>(_name: string, _options: object, callback: () => Promise<T>): Promise<T> {
        this.items.set('lock', 'taken')
        return callback()
      }
    }
    const storage = migratingStorage(new Inner(), options)
    expect(await storage.request?.('reauth', {}, async () => 'mine')).toBe('mine')
    expect(await storage.replaceItem?.('reauth', null, record(1, ada('a1')))).toBe(true)
    expect(await storage.getItem('lock')).toBe('taken')
  })
})

function stage(create: () => TokenStorage): {
  storage: TokenStorage
  under: TokenStorage
  old(): Promise<unknown>
} {
  const under = create()
  return {
    under,
    storage: migratingStorage(under, options),
    old: async () => parsed(await under.getItem('old')),
  }
}
