import { createClock, settle } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import { openTabs } from '../src/tabs.ts'
import { createBrowser } from './support/page.ts'

const hint = { epoch: 1, version: 2 }

/** Opens ways that remember what they hear. */
function createEars() {
  const heard: string[] = []
  return {
    heard,
    ear:
      (name: string) =>
      (what: object): void =>
        void heard.push(`${name} ${JSON.stringify(what)}`),
  }
}

describe('tabs with channels', () => {
  it('hear each other under one name, and nothing of themselves or of another name', async () => {
    const browser = createBrowser(createClock())
    const { heard, ear } = createEars()
    const open = (name: string, who: string) => openTabs(browser.openPage().platform, name, undefined, ear(who))
    const tabs = [open('mine', 'one'), open('mine', 'two'), open('another', 'three')]
    tabs[0]?.tell(hint)
    await settle()
    expect(heard).toEqual(['two {"epoch":1,"version":2}'])
    for (const tab of tabs) tab.close()
    expect(browser.channels).toBe(0)
  })

  it('are not told by one that has closed, nor is that one told', async () => {
    const browser = createBrowser(createClock())
    const { heard, ear } = createEars()
    const [one, two] = ['one', 'two'].map((who) => openTabs(browser.openPage().platform, 'mine', undefined, ear(who)))
    one?.close()
    one?.close()
    one?.tell(hint)
    two?.tell(hint)
    await settle()
    expect(heard).toEqual([])
    two?.close()
  })
})

describe('a tab that was muted', () => {
  it('hears nothing any more, and may still tell', async () => {
    const browser = createBrowser(createClock())
    const { heard, ear } = createEars()
    const [one, two] = ['one', 'two'].map((who) => openTabs(browser.openPage().platform, 'mine', undefined, ear(who)))
    one?.mute()
    one?.tell(hint)
    two?.tell({ epoch: 3, version: 4 })
    await settle()
    expect(heard).toEqual(['two {"epoch":1,"version":2}'])
    for (const tab of [one, two]) tab?.close()
  })
})

describe('tabs without channels', () => {
  const openPage = () => {
    const page = createBrowser(createClock()).openPage()
    return { page, platform: { ...page.platform, BroadcastChannel: undefined } }
  }

  it('hear the events of the storage, of their own keys and of a clearing', () => {
    const { page, platform } = openPage()
    const { heard, ear } = createEars()
    const tabs = openTabs(platform, 'mine', memoryStorage(), ear('one'))
    for (const key of ['another', 'mine', 'mine.epoch', null]) page.tell('storage', { key })
    expect(heard).toEqual(['one {}', 'one {}', 'one {}'])
    tabs.mute()
    expect(page.listening).toBe(0)
  })

  it('of an opaque origin, whose channels throw, go on by the events', () => {
    const { page } = openPage()
    const { heard, ear } = createEars()
    const BroadcastChannel = function () {
      throw new DOMException('The origin is opaque', 'SecurityError')
    } as never
    const tabs = openTabs({ ...page.platform, BroadcastChannel }, 'mine', memoryStorage(), ear('one'))
    page.tell('storage', { key: 'mine' })
    expect(heard).toEqual(['one {}'])
    tabs.mute()
  })
})

describe('sessions of one process', () => {
  it('hear each other at once where they share a storage and a name', () => {
    const { heard, ear } = createEars()
    const storage = memoryStorage()
    const clock = createClock()
    const one = openTabs(clock, 'mine', storage, ear('one'))
    const ways = [
      openTabs(clock, 'mine', storage, ear('two')),
      openTabs(clock, 'another', storage, ear('three')),
      openTabs(clock, 'mine', memoryStorage(), ear('four')),
      openTabs(clock, 'mine', undefined, ear('five')),
    ]
    one.tell(hint)
    expect(heard).toEqual(['two {"epoch":1,"version":2}'])
    for (const way of ways) way.mute()
    one.tell(hint)
    expect(heard).toHaveLength(1)
    one.mute()
    one.mute()
  })

  it('that come later hear those that are there, also after others have left', () => {
    const { heard, ear } = createEars()
    const storage = memoryStorage()
    const clock = createClock()
    const [one, two] = ['one', 'two'].map((who) => openTabs(clock, 'mine', storage, ear(who)))
    one?.mute()
    const three = openTabs(clock, 'mine', storage, ear('three'))
    two?.tell(hint)
    expect(heard).toEqual(['three {"epoch":1,"version":2}'])
    two?.mute()
    three.mute()
  })
})
