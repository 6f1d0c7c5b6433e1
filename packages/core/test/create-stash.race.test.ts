import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createStash } from '../src/create-stash.ts'
import { mapStorage } from './support/map-storage.ts'
import { raceRuns, replay } from './support/race-runs.ts'

describe('a stash over a slow storage', () => {
  it('gives no value twice and loses none but to its successor, in any interleaving', async () => {
    const calls = fc.array(fc.constantFrom('set', 'take'), { minLength: 2, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), calls, async (s, kinds) => {
        const { storage } = mapStorage()
        const slow = {
          getItem: async (key: string) => (await s.schedule(Promise.resolve(), 'get'), storage.getItem(key)),
          setItem: async (key: string, value: string) => (
            await s.schedule(Promise.resolve(), 'set'),
            storage.setItem(key, value)
          ),
          removeItem: async (key: string) => (await s.schedule(Promise.resolve(), 'remove'), storage.removeItem(key)),
        }
        const stashes = [1, 2].map(() => createStash<number>({ storage: slow, prefix: 'app', ttlMs: 60_000 }))
        const given: (number | undefined)[] = []
        const expected: (number | undefined)[] = []
        let held: number | undefined
        const done = kinds.map(async (kind, index) => {
          const stash = stashes[index % 2]
          if (kind === 'set') return stash?.set('key', (held = index))
          const turn = expected.push(held) - 1
          held = undefined
          given[turn] = await stash?.take('key')
        })
        await s.waitFor(Promise.all(done))
        expect(given).toEqual(expected)
      }),
      { numRuns: raceRuns, ...replay },
    )
  })
})
