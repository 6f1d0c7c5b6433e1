import { afterEach, describe, expect, it, vi } from 'vitest'

import { createCookieSession } from '../src/cookie-session.ts'
import { createDesk } from './support/desk.ts'
import { mapStorage } from './support/map-storage.ts'

afterEach(() => void vi.unstubAllGlobals())

describe('a cookie session in a page', () => {
  const open = () => {
    const { browser } = createDesk()
    return () => createCookieSession({ refresh: async () => {}, platform: browser.openPage().platform })
  }

  it("is kept in the page's localStorage by default, so that reloads and tabs agree", async () => {
    const { items, storage } = mapStorage()
    vi.stubGlobal('addEventListener', () => {})
    vi.stubGlobal('localStorage', storage)
    const openPage = open()
    await using session = openPage()
    await session.signIn({ identity: 'alice', expiresInMs: 300_000 })
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ version: 1, identity: 'alice' })
    await using reloaded = openPage()
    expect(reloaded.state).toEqual(session.state)
  })

  it('goes on in memory where the page may have no localStorage', async () => {
    vi.stubGlobal('addEventListener', () => {})
    vi.stubGlobal('localStorage', undefined)
    Object.defineProperty(globalThis, 'localStorage', {
      configurable: true,
      get() {
        throw new DOMException('Access is denied', 'SecurityError')
      },
    })
    const openPage = open()
    await using session = openPage()
    await session.signIn({ identity: 'alice' })
    expect(await session.acquire()).toMatchObject({ identity: 'alice', version: 1 })
    await using reloaded = openPage()
    expect(reloaded.state).toEqual({ status: 'signed-out' })
  })
})
