import { createKeyedLock, memoryStorage, type TokenStorage } from '@reauth/core'
import { settle, storageContract } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

describe('storageContract holds for a storage that', () => {
  for (const { title, run } of storageContract({ create: reference, request: true, replaceItem: true })) it(title, run)
})

/** A bug that somebody will write, and what the promises say that do not hold with it. */
interface Bug {
  readonly bug: string
  readonly wrong: (
    right: Required<Pick<TokenStorage, 'request' | 'replaceItem'>> & TokenStorage,
  ) => Partial<TokenStorage>
  readonly breaks: readonly (readonly [title: RegExp, message: string])[]
}

const bugs: readonly Bug[] = [
  {
    bug: 'forgets to offer its lock',
    wrong: () => ({ request: undefined as never }),
    breaks: [[/^has the optional parts/, 'Whether there is a request: expected true, got false']],
  },
  {
    bug: 'forgets to offer its swap',
    wrong: () => ({ replaceItem: undefined as never }),
    breaks: [[/^has the optional parts/, 'Whether there is a replaceItem: expected true, got false']],
  },
  {
    bug: 'keeps the first item for ever',
    wrong: ({ getItem, setItem }) => ({
      setItem: (key, value) => (getItem(key) === null ? setItem(key, value) : undefined),
    }),
    breaks: [[/^gives what was set last/, 'The item after the second call']],
  },
  {
    bug: 'removes nothing',
    wrong: () => ({ removeItem: () => undefined }),
    breaks: [[/^forgets what is removed/, 'The removed item: expected null']],
  },
  {
    bug: 'removes everything',
    wrong: ({ removeItem }) => ({
      removeItem: (key) => [key, 'reauth.epoch', 'réauth'].map((each) => removeItem(each)),
    }),
    breaks: [[/^keeps one item/, 'The item with a longer key: expected item of reauth.epoch, got null']],
  },
  {
    bug: 'cuts keys at a dot',
    wrong: ({ getItem, setItem }) => ({
      getItem: (key) => getItem(key.split('.')[0] ?? ''),
      setItem: (key, value) => setItem(key.split('.')[0] ?? '', value),
    }),
    breaks: [[/^gives what was set, as/, 'The record: expected']],
  },
  {
    bug: 'drops what is not ASCII',
    wrong: ({ setItem }) => ({ setItem: (key, value) => setItem(key, value.replaceAll(/[^ -~]/g, '?')) }),
    breaks: [[/^keeps every character/, 'The item: expected']],
  },
  {
    bug: 'cuts what is long',
    wrong: ({ setItem }) => ({ setItem: (key, value) => setItem(key, value.slice(0, 65_536)) }),
    breaks: [[/^keeps a megabyte/, 'The item: expected']],
  },
  {
    bug: 'gives something for what was never set',
    wrong: ({ getItem }) => ({ getItem: (key) => getItem(key) ?? '' }),
    breaks: [[/^gives null or undefined/, 'The item: expected null, got ']],
  },
  {
    bug: 'replaces whatever is there',
    wrong: ({ setItem }) => ({
      async replaceItem(key, _, next) {
        await setItem(key, next)
        return true
      },
    }),
    breaks: [
      [/^leaves alone/, 'The replacement of nothing, where there is an item: expected false, got true'],
      [/^lets one of fifty/, 'Winners in round 1: expected 1, got 50'],
      [/^loses no turn/, 'The item: expected {"turn":50}, got {"turn":1}'],
    ],
  },
  {
    bug: 'replaces nothing and says it did',
    wrong: () => ({ replaceItem: () => true }),
    breaks: [[/^replaces what is still/, 'The item: expected {"turn":1}, got null']],
  },
  {
    bug: 'lets others write between the look and the replacement',
    wrong: ({ getItem, setItem }) => ({
      async replaceItem(key, expected, next) {
        const isSame = getItem(key) === expected
        await settle(1)
        if (isSame) await setItem(key, next)
        return isSame
      },
    }),
    breaks: [[/^lets one of fifty/, 'Winners in round 1: expected 1, got 50']],
  },
  {
    bug: 'locks nothing',
    wrong: () => ({ request: (_name, _options, callback) => callback() }),
    breaks: [
      [/^gives a name to one/, 'Holders at once: expected 1, got 10'],
      [/^ends a wait/, 'What the aborted wait rejects with: expected Error: enough, got no failure but call 1'],
    ],
  },
  {
    bug: 'wakes the last who came',
    wrong: () => ({ request: lastComeFirstServed() }),
    breaks: [[/^gives a name in the order/, 'The order: expected 0,1,2,3,4, got 0,4,3,2,1']],
  },
  {
    bug: 'rejects with an error of its own',
    wrong: ({ request }) => ({
      request: async (...asked) => {
        try {
          return await request(...asked)
        } catch (cause) {
          throw new Error('failed', { cause })
        }
      },
    }),
    breaks: [
      [/^ends a wait/, 'What the aborted wait rejects with: expected Error: enough, got Error: failed'],
      [/^passes a failure/, 'The failure: expected Error: mine, got Error: failed'],
    ],
  },
  {
    bug: 'ends the task with the signal',
    wrong: ({ request }) => ({
      request: (name, options, callback) =>
        request(name, options, () =>
          Promise.race([
            callback(),
            new Promise<never>((_, reject) => {
              options.signal?.addEventListener('abort', () => {
                reject(options.signal?.reason)
              })
            }),
          ]),
        ),
    }),
    breaks: [[/^ends a wait/, 'enough']],
  },
]

describe('storageContract finds a storage that', () => {
  it.for(bugs)('$bug', async ({ wrong, breaks }) => {
    const contract = storageContract({
      create() {
        const right = reference()
        return { ...right, ...wrong(right) }
      },
      request: true,
      replaceItem: true,
    })
    for (const [title, message] of breaks) {
      const found = contract.filter((test) => title.test(test.title))
      expect(found).toHaveLength(1)
      await expect(found[0]?.run()).rejects.toThrow(message)
    }
  })

  it('has a second connection that sees nothing of the first', async () => {
    const contract = storageContract({ create: reference, another: reference, request: true, replaceItem: true })
    const found = contract.find(({ title }) => title.startsWith('gives what was set, as'))
    await expect(found?.run()).rejects.toThrow('The record: expected')
  })
})

describe('storageContract', () => {
  it('closes what it has created, whatever came of it', async () => {
    let [created, closed] = [0, 0]
    const contract = storageContract({
      create() {
        created++
        return { ...reference(), setItem: () => Promise.reject(new Error('full')) }
      },
      close: () => closed++,
    })
    for (const { run } of contract) await run().catch(() => undefined)
    expect(created).toBe(contract.length)
    expect(closed).toBe(created)
  })
})

function reference(): Required<Pick<TokenStorage, 'request' | 'replaceItem'>> & TokenStorage {
  const storage = memoryStorage()
  const lock = createKeyedLock()
  return {
    ...storage,
    request: (name, { signal }, callback) => lock.run(name, callback, signal && { signal }),
    replaceItem(key, expected, next) {
      if (storage.getItem(key) !== expected) return false
      void storage.setItem(key, next)
      return true
    },
  }
}

function lastComeFirstServed(): NonNullable<TokenStorage['request']> {
  const waiting: (() => void)[] = []
  let isHeld = false
  return async (_name, _options, callback) => {
    if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
    isHeld = true
    try {
      return await callback()
    } finally {
      const next = waiting.pop()
      if (next === undefined) isHeld = false
      else next()
    }
  }
}
