import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { drafts, ownPath, returnTo } from '../src/stash.ts'
import { openRedirects, ordinaryPaths, texts as anyTexts } from './support/paths.ts'

afterEach(() => {
  sessionStorage.clear()
})

it("keeps the place and the draft in the tab's own storage", async () => {
  const here = location.pathname + location.search + location.hash
  await returnTo().save(here)
  const room = { server: 'https://a.test', place: 'room', identity: 'me' }
  await drafts().save(room, 'Hello')
  expect(sessionStorage.length).toBe(2)
  expect(await returnTo().take()).toBe(here)
  expect(await drafts().take(room)).toBe('Hello')
  expect(sessionStorage.length).toBe(0)
})

it('leaves nothing in the tab that is over, though nobody ever asked for it', async () => {
  const key = { server: 'https://api.test', place: 'room', identity: 'alice' }
  const over = drafts({ ttlMs: 1 })
  await over.save(key, 'secret')
  const written = Date.now()
  await vi.waitUntil(() => Date.now() > written)
  sessionStorage.setItem('reauth.other', 'stays')
  await drafts().save({ ...key, place: 'other' }, 'mine')
  expect(Object.entries(sessionStorage).map(([name]) => name)).toHaveLength(2)
  expect(JSON.stringify(Object.entries(sessionStorage))).not.toContain('secret')
})

it('rejects when the tab has no room left', async () => {
  await expect(drafts().save({ server: '', place: '', identity: 'me' }, 'x'.repeat(20_000_000))).rejects.toMatchObject({
    name: 'QuotaExceededError',
  })
})

it('takes whatever the address bar makes of a place', async () => {
  const before = location.href
  const texts = ['/a b/100%', '/caf\u00E9?q=100%&r=\u00E9#\u00FC', '/x?q="<>`{}|^', '/a//b', '/%25']
  try {
    for (const text of texts) {
      history.replaceState(null, '', text)
      const here = location.pathname + location.search + location.hash
      await returnTo().save(here)
      expect(await returnTo().take()).toBe(here)
    }
  } finally {
    history.replaceState(null, '', before)
  }
})

describe('what is accepted stays at this origin', () => {
  // Those of Chromium, which knows where it goes before it leaves.
  interface Destination {
    readonly destination: { readonly url: string }
  }
  const { navigation } = globalThis as unknown as { readonly navigation: EventTarget }

  /** Where the browser goes when it is sent there by `location.assign`; it is stopped at the door. */
  function destinationOf(address: string): string {
    let going: string | undefined
    const stop = (event: Event): void => {
      going = (event as Event & Destination).destination.url
      event.preventDefault()
    }
    navigation.addEventListener('navigate', stop)
    try {
      location.assign(address)
    } finally {
      navigation.removeEventListener('navigate', stop)
    }
    if (going === undefined) throw new Error(`It went nowhere: ${JSON.stringify(address)}`)
    return going
  }

  function linkOf(address: string): HTMLAnchorElement {
    const link = document.createElement('a')
    link.href = address
    return link
  }

  const isAccepted = (text: string): boolean => ownPath(text, location.origin).path !== undefined

  it('and what Chromium leaves it for is refused', () => {
    const elsewhere = openRedirects.filter((text) => linkOf(text).origin !== location.origin)
    expect(elsewhere.length).toBeGreaterThan(100)
    expect(elsewhere.filter(isAccepted)).toEqual([])
    for (const text of ['//evil.test/', '/\\evil.test', '/\t/evil.test', '/\n\\evil.test', 'https:\n//evil.test/'])
      expect(new URL(destinationOf(text)).host).toBe('evil.test')
  })

  it.each(ordinaryPaths)('in a link, in the address bar, and when the page goes there: %j', (path) => {
    expect(isAccepted(path)).toBe(true)
    expect(linkOf(path).origin).toBe(location.origin)
    expect(new URL(destinationOf(path)).origin).toBe(location.origin)
    const before = location.href
    onTestFinished(() => {
      history.replaceState(null, '', before)
    })
    history.replaceState(null, '', path)
    expect(location.origin).toBe(new URL(before).origin)
    // What the bar makes of it is a path as well: a reload stays, too.
    expect(isAccepted(location.pathname + location.search + location.hash)).toBe(true)
  })

  it('whatever the text', () => {
    let accepted = 0
    fc.assert(
      fc.property(anyTexts, (text) => {
        if (!isAccepted(text)) return
        accepted++
        const link = linkOf(text)
        expect(link.origin).toBe(location.origin)
        expect(linkOf(link.pathname).origin).toBe(location.origin)
        expect(new URL(destinationOf(text)).origin).toBe(location.origin)
      }),
      { numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})
