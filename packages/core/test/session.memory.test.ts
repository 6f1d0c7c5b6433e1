import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'

import { createSessions } from '../src/create-sessions.ts'
import { memoryStorage } from '../src/memory-storage.ts'
import { createSession } from '../src/session.ts'
import type { TokenSet } from '../src/token-set.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Returns what a task leaves behind on the heap each time, in bytes: the least of several rounds. */
async function leftBy(task: () => Promise<unknown>, times: number): Promise<number> {
  const growths: number[] = []
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let time = 0; time < times; time++) await task()
    collectGarbage()
    growths.push((process.memoryUsage().heapUsed - before) / times)
  }
  return Math.min(...growths)
}

describe('the memory of a session', () => {
  it('does not grow with the number of refreshes', async () => {
    let id = 0
    const session = createSession({ refresh: async () => ({ accessToken: 'A', refreshToken: `R${++id}` }) })
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    expect(await leftBy(() => session.refresh(), 5000)).toBeLessThan(16)
  })

  it('does not grow with the number of callers who give a signal that outlives them', async () => {
    const session = createSession({ refresh: async () => ({ accessToken: 'A' }) })
    await session.signIn({ accessToken: 'A' })
    const { signal } = new AbortController()
    expect(await leftBy(() => session.acquire({ signal }), 5000)).toBeLessThan(16)
    const refused = await session.acquire()
    await session.refresh()
    expect(await leftBy(() => session.acquire({ signal, refused }), 5000)).toBeLessThan(16)
  })

  it('does not grow with the number of listeners that have stopped', async () => {
    const session = createSession({ refresh: async () => ({ accessToken: 'A' }) })
    const listen = async (): Promise<void> => {
      session.subscribe(() => {})()
      session.on('refreshed', () => {})()
    }
    expect(await leftBy(listen, 5000)).toBeLessThan(16)
  })

  it.each([
    ['by themselves', undefined],
    ['over one storage', memoryStorage()],
  ])(
    'does not outlive them: 10,000 that were created and disposed, %s, leave nothing',
    { timeout: 60_000 },
    async (_, storage) => {
      const refresh = async (): Promise<TokenSet> => ({ accessToken: 'B', refreshToken: 'S', expiresInMs: 300_000 })
      const live = async (): Promise<void> => {
        const session = createSession({ refresh, storage })
        session.subscribe(() => {})
        session.on('refreshed', () => {})
        session.hold({ onCredential() {} })
        await session.signIn({ accessToken: 'A', refreshToken: 'R', expiresInMs: 300_000 })
        await session.refresh()
        await session.signOut()
        await session[Symbol.asyncDispose]()
      }
      // A session is some kilobytes, and a listener that is left a hundred bytes.
      expect(await leftBy(live, 2000)).toBeLessThan(64)
    },
  )

  it(
    'does not outlive it in a registry: 100,000 keys that were used once leave nothing',
    { timeout: 60_000 },
    async () => {
      const storage = memoryStorage()
      const refresh = async (): Promise<TokenSet> => ({ accessToken: 'B' })
      const sessions = createSessions((name) => createSession({ name, refresh, storage }))
      let id = 0
      const visit = async (): Promise<void> => {
        await sessions.open(`user ${++id}`)[Symbol.asyncDispose]()
      }
      expect(await leftBy(visit, 20_000)).toBeLessThan(16)
      expect(id).toBe(100_000)
    },
  )
})
