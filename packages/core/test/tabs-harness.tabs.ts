import { dropAnswer } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import type { LocksPage } from './support/tabs/locks-page.ts'
import { createTabs } from './support/tabs/create-tabs.ts'
import type { Tab } from './support/tabs/tab.ts'
import type { TabsConfig } from './support/tabs/tabs-config.ts'

type Page = typeof globalThis & LocksPage & { tabsConfig: TabsConfig }

const hold = (tab: Tab): Promise<void> => tab.evaluate(() => (globalThis as Page).hold('lock'))
const canTake = (tab: Tab, withinMs = 10_000): Promise<boolean> =>
  tab.evaluate((ms) => (globalThis as Page).canTake('lock', ms), withinMs)

describe('a tab of a user', () => {
  it('is hidden once another is opened', async () => {
    const { holder, other } = await twoTabs()
    expect(await holder.evaluate(() => document.visibilityState)).toBe('hidden')
    expect(await other.evaluate(() => document.visibilityState)).toBe('visible')
  })

  it('shares locks and storage with the others, and gives its locks back when it is closed', async () => {
    const { holder, other } = await twoTabs()
    await holder.evaluate(() => (globalThis as Page).storage.setItem('reauth', 'item'))
    expect(await other.evaluate(() => (globalThis as Page).storage.getItem('reauth'))).toBe('item')
    await hold(holder)
    expect(await canTake(other, 200)).toBe(false)
    const waiting = canTake(other)
    await holder.close()
    expect(await waiting).toBe(true)
  })

  it.each(['crash', 'reload'] as const)('gives its locks back at a %s', async (end) => {
    const { holder, other } = await twoTabs()
    await hold(holder)
    const waiting = canTake(other)
    await holder[end]()
    expect(await waiting).toBe(true)
  })

  it('keeps its locks while it is frozen, and stands still', async () => {
    const { holder, other } = await twoTabs()
    await hold(holder)
    await holder.freeze()
    let isAnswered = false
    const answer = holder
      .evaluate(() => new Promise<void>((resolve) => setTimeout(resolve, 1)))
      .then(() => (isAnswered = true))
    expect(await canTake(other, 3_000)).toBe(false)
    expect(isAnswered).toBe(false)
    await holder.unfreeze()
    await answer
    await holder.evaluate(() => {
      ;(globalThis as Page).release()
    })
    expect(await canTake(other)).toBe(true)
  })

  it('comes out of the back/forward cache as it went in', async () => {
    const { holder } = await twoTabs()
    await holder.evaluate(() => {
      Object.assign(globalThis, { kept: 'kept' })
    })
    await holder.navigateAway()
    expect(await holder.evaluate(() => 'kept' in globalThis)).toBe(false)
    expect(await holder.goBack()).toEqual({ persisted: true })
    expect(await holder.evaluate(() => (globalThis as { kept?: string }).kept)).toBe('kept')
  })

  it('goes into the back/forward cache with an open IndexedDB connection, and comes out with it', async () => {
    const { holder, other } = await twoTabs()
    await holder.evaluate(() => (globalThis as Page).storage.setItem('reauth', 'first'))
    await holder.navigateAway()
    await other.evaluate(() => (globalThis as Page).storage.setItem('reauth', 'second'))
    expect(await holder.goBack()).toEqual({ persisted: true })
    expect(await holder.evaluate(() => (globalThis as Page).storage.getItem('reauth'))).toBe('second')
  })

  it("stands in nobody's way in the back/forward cache who deletes the database", async () => {
    const { holder, other } = await twoTabs()
    await holder.evaluate(() => (globalThis as Page).storage.setItem('reauth', 'item'))
    await holder.navigateAway()
    await other.evaluate(
      () =>
        new Promise<void>((resolve) => {
          indexedDB.deleteDatabase('reauth').addEventListener('success', () => {
            resolve()
          })
        }),
    )
    await holder.goBack()
    expect(await holder.evaluate(() => (globalThis as Page).storage.getItem('reauth'))).toBeNull()
  })

  it('is told apart from one that was loaded anew', async () => {
    const { holder } = await twoTabs()
    await holder.evaluate(() => {
      addEventListener('unload', () => undefined)
    })
    await holder.navigateAway()
    await holder.reload()
    expect(await holder.goBack()).toEqual({ persisted: false })
  })
})

describe('the authorization server of the tabs', () => {
  it('loses an answer for good: the browser sends nothing again', async () => {
    const tabs = await createTabs({ script: 'locks-page.ts' })
    const tab = await tabs.open()
    const post = (): Promise<number | string> =>
      tab.evaluate(() =>
        fetch(`${(globalThis as Page).tabsConfig.issuer}/token`, { method: 'POST' }).then(
          ({ status }) => status,
          (error: unknown) => String(error),
        ),
      )
    expect(await post()).toBe(400)
    tabs.issuer.faults.next(dropAnswer())
    expect(await post()).toBe('TypeError: Failed to fetch')
    expect(tabs.issuer.tokenPosts).toBe(2)
  })
})

async function twoTabs(): Promise<{ holder: Tab; other: Tab }> {
  const tabs = await createTabs({ script: 'locks-page.ts' })
  return { holder: await tabs.open(), other: await tabs.open() }
}
