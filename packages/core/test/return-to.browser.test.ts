import { afterEach, expect, it } from 'vitest'

import { drafts, returnTo } from '../src/stash.ts'

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
