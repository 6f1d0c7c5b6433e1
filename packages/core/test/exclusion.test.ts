import { createClock } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createExclusion, type ExclusionHost } from '../src/exclusion.ts'
import { memoryStorage } from '../src/memory-storage.ts'
import type { LockOptions, RequestLock, TokenStorage } from '../src/storage.ts'
import type { AdapterTrace } from '../src/trace.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'
import { createBrowser } from './support/page.ts'

/** An exclusion over the Web Locks of a browser, in which another may hold the lock. */
function createDoor(options: Partial<ExclusionHost> = {}, isAbandoned = async () => false) {
  const clock = createClock()
  const browser = createBrowser(clock)
  const { platform } = browser.openPage()
  const asked: LockOptions[] = []
  /** What becomes of the next request instead. */
  const next: { request?: RequestLock | undefined } = {}
  const told: Parameters<AdapterTrace>[0][] = []
  const life = new AbortController()
  const host: ExclusionHost = {
    storage: mapStorage().storage,
    name: 'mine',
    platform: {
      ...platform,
      locks: {
        request(name, how, run) {
          asked.push(how)
          const { request = platform.locks.request } = next
          next.request = undefined
          return request(name, how, run)
        },
      },
    },
    refreshTimeoutMs: 40_000,
    trace: (entry) => void told.push(entry),
    lifetime: life.signal,
    ...options,
  }
  const exclusion = createExclusion(host, isAbandoned)
  return { clock, browser, platform, exclusion, asked, next, told, life, occupy: () => browser.holdLock('reauth:mine') }
}

describe('an exclusion', () => {
  it('lets one in after the other, and tells how long each has waited', async () => {
    const { clock, exclusion, told, occupy } = createDoor()
    const release = occupy()
    const ran: string[] = []
    const runs = ['one', 'other'].map((who) => exclusion.run(async () => void ran.push(who)))
    await clock.advance(3000)
    expect(ran).toEqual([])
    release()
    await Promise.all(runs)
    expect(ran.toSorted()).toEqual(['one', 'other'])
    expect(told.map(({ type, ms }) => [type, ms])).toEqual([
      ['lock-wait', 3000],
      ['lock-wait', 3000],
    ])
    expect(clock.pending).toBe(0)
  })

  it('asks anew four times while it waits, and then gives up, without a task having run', async () => {
    const { clock, exclusion, asked, browser, occupy } = createDoor()
    occupy()
    const task = vi.fn<() => Promise<void>>()
    const failure = failureOf(exclusion.run(task))
    await clock.advance(39_999)
    expect(asked).toHaveLength(4)
    await clock.advance(1)
    expect(await failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(task).not.toHaveBeenCalled()
    expect(asked.map(({ steal }) => steal)).toEqual([undefined, undefined, undefined, undefined])
    expect([browser.locking, clock.pending]).toEqual([1, 0])
  })

  it('does not count the time in which the machine sleeps', async () => {
    const { clock, exclusion, occupy } = createDoor()
    const release = occupy()
    const run = exclusion.run(async () => {})
    await clock.advance(30_000)
    clock.jump(8 * 3_600_000)
    await clock.advance(9000)
    release()
    expect(await run).toBeUndefined()
  })

  it('asks again for a lock that it was given while it slept: somebody else may have taken it since', async () => {
    const { clock, platform, exclusion, asked, next } = createDoor()
    next.request = (name, how, run) =>
      platform.locks.request(name, how, () => {
        clock.jump(10_001)
        return run()
      })
    const task = vi.fn<() => Promise<void>>(async () => {})
    await exclusion.run(task)
    expect(asked).toHaveLength(2)
    expect(task).toHaveBeenCalledOnce()
  })

  it('takes a lock that was stolen before its task began for no missing one', async () => {
    const { exclusion, asked, next, told } = createDoor()
    next.request = () => Promise.reject(new DOMException('Lock broken by another request', 'AbortError'))
    const task = vi.fn<() => Promise<void>>(async () => {})
    await exclusion.run(task)
    expect(asked).toHaveLength(2)
    expect(task).toHaveBeenCalledOnce()
    expect(told).toEqual([])
  })

  it('takes the lock from one who has abandoned it, and only then', async () => {
    let isAbandoned = false
    const { clock, exclusion, asked, told, occupy } = createDoor({}, async () => isAbandoned)
    occupy()
    const run = exclusion.run(async () => {})
    await clock.advance(10_000)
    expect(told).toEqual([])
    isAbandoned = true
    await clock.advance(10_000)
    await run
    expect(asked.at(-1)).toEqual({ steal: true })
    expect(told).toMatchObject([{ type: 'takeover', ms: 20_000 }])
  })

  it('never takes the lock of a storage that is its own lock', async () => {
    const storage = memoryStorage()
    const request = vi.spyOn(storage as Required<TokenStorage>, 'request')
    const { clock, exclusion } = createDoor({ storage }, async () => true)
    void storage.request?.('reauth:mine', {}, () => new Promise(() => {}))
    const failure = failureOf(exclusion.run(async () => {}))
    await clock.advance(40_000)
    expect(await failure).toMatchObject({ reason: 'unavailable' })
    expect(request.mock.calls.every(([, { steal }]) => steal === undefined)).toBe(true)
  })

  it('tells one whose lock was taken, whose task goes on to its end all the same', async () => {
    const { exclusion, clock, browser } = createDoor()
    const seen: boolean[] = []
    const finish: (() => void)[] = []
    const run = exclusion.run(async (turn) => {
      seen.push(turn.isLost)
      await new Promise<void>((resolve) => finish.push(resolve))
      seen.push(turn.isLost)
    })
    await clock.advance(0)
    await browser.openPage().platform.locks.request('reauth:mine', { steal: true }, async () => {})
    await clock.advance(0)
    finish[0]?.()
    await run
    expect(seen).toEqual([false, true])
  })

  it('ends every wait with the reason of the end, also those that come later', async () => {
    const { exclusion, clock, life, occupy } = createDoor()
    occupy()
    const reason = new Error('over')
    const failure = failureOf(exclusion.run(async () => {}))
    await clock.advance(0)
    life.abort(reason)
    expect(await failure).toBe(reason)
    expect(await failureOf(exclusion.run(async () => {}))).toBe(reason)
    expect(clock.pending).toBe(0)
  })

  it('waits no longer for a lock that heeds no signal, and runs nothing when it comes late', async () => {
    const { clock, exclusion, life, next } = createDoor()
    let grant = (): Promise<unknown> => Promise.resolve()
    next.request = (_name, _how, run) =>
      new Promise((resolve, reject) => {
        grant = () => run().then(resolve, reject)
      })
    const task = vi.fn<() => Promise<void>>(async () => {})
    const outcome = failureOf(exclusion.run(task))
    life.abort('enough')
    expect(await outcome).toBe('enough')
    await grant()
    expect(task).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
  })

  it('falls back to a lock of the process where the platform has none, and says so once', async () => {
    const { storage } = mapStorage()
    const clock = createClock()
    const doors = [createDoor({ storage, platform: clock }), createDoor({ storage, platform: clock })]
    let inside = 0
    const task = async (): Promise<void> => {
      expect(++inside).toBe(1)
      await clock.advance(0)
      inside--
    }
    await Promise.all(doors.flatMap(({ exclusion }) => [exclusion.run(task), exclusion.run(task)]))
    for (const { told } of doors) expect(told).toMatchObject([{ type: 'warning', reason: 'no-lock' }])
  })
})
