import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createKeyedLock } from '../src/keyed-lock.ts'
import { raceRuns, replay } from './support/race-runs.ts'

interface Caller {
  readonly key: string
  readonly turns: number
  readonly fails: boolean
  readonly givesUp: boolean
}

const caller: fc.Arbitrary<Caller> = fc.record({
  key: fc.constantFrom('a', 'b'),
  turns: fc.nat(2),
  fails: fc.boolean(),
  givesUp: fc.boolean(),
})

describe('createKeyedLock', () => {
  it('never runs two tasks of a key at once, in any interleaving, and forgets every key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(caller, { minLength: 1, maxLength: 8 }), async (s, callers) => {
        const lock = createKeyedLock()
        const running = new Map<string, number>()
        const started: Record<string, number[]> = { a: [], b: [] }

        const call = async ({ key, turns, fails, givesUp }: Caller, index: number): Promise<void> => {
          const controller = new AbortController()
          if (givesUp)
            void s.schedule(Promise.resolve(), `caller ${index} gives up`).then(() => controller.abort('bye'))
          const task = async (): Promise<void> => {
            expect(running.get(key) ?? 0, key).toBe(0)
            running.set(key, 1)
            started[key]?.push(index)
            for (let turn = 0; turn < turns; turn++) await s.schedule(Promise.resolve(), `task ${index}`)
            running.set(key, 0)
            if (fails) throw new Error('mine')
          }
          const done = lock.run(key, task, { signal: controller.signal })
          await done.catch((error: unknown) => {
            if (error !== 'bye' && !(error instanceof Error && error.message === 'mine')) throw error
          })
        }

        await s.waitFor(Promise.all(callers.map(call)))
        await s.waitIdle()
        expect(lock.size).toBe(0)
        for (const order of Object.values(started)) expect(order).toEqual(order.toSorted((a, b) => a - b))
      }),
      { numRuns: raceRuns, ...replay },
    )
  })
})
