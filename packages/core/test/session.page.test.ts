import { describe, expect, it, vi } from 'vitest'

import { deferred } from '../src/deferred.ts'
import type { PageEvents } from '../src/platform/platform.ts'
import { createDesk, openTabs } from './support/desk.ts'
import { mapStorage } from './support/map-storage.ts'

describe('the events of a page', () => {
  it('are heard on their way down, since some of a document never come to its window, and no longer than needed', async () => {
    const desk = createDesk()
    const { platform } = desk.browser.openPage()
    const addEventListener = vi.fn<PageEvents['addEventListener']>()
    const removeEventListener = vi.fn<PageEvents['removeEventListener']>()
    const session = desk.open({ platform: { ...platform, events: { addEventListener, removeEventListener } } })
    const added = addEventListener.mock.calls
    expect(new Set(added.map(([type]) => type))).toEqual(
      new Set(['storage', 'pageshow', 'resume', 'pagehide', 'freeze', 'visibilitychange', 'online']),
    )
    for (const [, , isCapture] of added) expect(isCapture).toBe(true)
    await session[Symbol.asyncDispose]()
    expect(new Set(removeEventListener.mock.calls)).toEqual(new Set(added))
  })

  it('that come while the store is being read have it read again, before anything is given out', async () => {
    const { storage } = mapStorage({ isAsync: true })
    const desk = createDesk({ storage })
    const { first, others } = await openTabs(desk, 1)
    expect(others).toEqual([])
    const gates: (() => void)[] = []
    let isSlow = false
    const late = desk.openTab({
      storage: {
        ...storage,
        async getItem(key) {
          const { promise, resolve } = deferred<void>()
          const item: unknown = await storage.getItem(key)
          if (!isSlow) return item
          gates.push(resolve)
          await promise
          return item
        },
      },
    })
    late.page.mute()
    await late.session.ready
    isSlow = true
    late.page.tell('visibilitychange')
    await desk.clock.advance(0)
    late.page.tell('visibilitychange')
    await first.session.refresh()
    const waiting = late.session.acquire()
    for (const open of gates.splice(0)) open()
    await desk.clock.advance(0)
    const again = late.session.acquire()
    for (const open of gates.splice(0)) open()
    isSlow = false
    expect(await waiting).toMatchObject({ version: 2 })
    expect(await again).toMatchObject({ version: 2 })
  })
})
