import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'

import { createSession } from '../src/session.ts'

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
})
