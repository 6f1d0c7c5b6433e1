import { afterEach, describe, expect, it, vi } from 'vitest'

import { migratingStorage } from '../src/migrating-storage.ts'
import { defaultPlatform } from '../src/platform/platform.ts'
import type { TokenStorage } from '../src/storage.ts'
import { mapStorage } from './support/map-storage.ts'

afterEach(() => void vi.unstubAllGlobals())

/** Puts on what a page has. */
function dressUp(localStorage: unknown = mapStorage().storage) {
  const page = { addEventListener: vi.fn<() => void>(), localStorage, BroadcastChannel: vi.fn<() => void>(), locks: {} }
  vi.stubGlobal('addEventListener', page.addEventListener)
  vi.stubGlobal('localStorage', localStorage)
  vi.stubGlobal('BroadcastChannel', page.BroadcastChannel)
  vi.stubGlobal('navigator', { locks: page.locks })
  return page
}

describe('the platform', () => {
  it('has the clock, the timers and the jitter of the machine, as they are when they are asked', () => {
    vi.useFakeTimers({ now: 1234 })
    const heard = vi.fn<() => void>()
    expect(defaultPlatform.now()).toBe(1234)
    defaultPlatform.setTimeout(heard, 1000)
    defaultPlatform.clearTimeout(defaultPlatform.setTimeout(heard, 1000))
    vi.advanceTimersByTime(1000)
    expect(heard).toHaveBeenCalledOnce()
    vi.useRealTimers()
    expect(defaultPlatform.random()).toBeLessThan(1)
  })

  it('of a server has no locks, no channels and no events, though Node has some of that name', () => {
    expect(globalThis).toHaveProperty('BroadcastChannel')
    expect(defaultPlatform.locks).toBeUndefined()
    expect(defaultPlatform.BroadcastChannel).toBeUndefined()
    expect(defaultPlatform.events).toBeUndefined()
    expect(defaultPlatform.ledgerOf?.(mapStorage().storage)).toBeUndefined()
  })

  it('of a page has what the page has', () => {
    const page = dressUp()
    expect(defaultPlatform.locks).toBe(page.locks)
    expect(defaultPlatform.BroadcastChannel).toBe(page.BroadcastChannel)
    expect(defaultPlatform.events).toBe(globalThis)
  })

  it('of a page of plain http has no locks', () => {
    dressUp()
    vi.stubGlobal('navigator', {})
    expect(defaultPlatform.locks).toBeUndefined()
  })

  it('has a ledger for localStorage, also under a layer, and for no other storage', () => {
    const { localStorage } = dressUp() as { localStorage: TokenStorage }
    const layer = migratingStorage(localStorage, { legacyKey: 'token', read: () => undefined, write: () => '' })
    expect(defaultPlatform.ledgerOf?.(localStorage)?.replaceItem).toBeTypeOf('function')
    expect(defaultPlatform.ledgerOf?.(layer)?.replaceItem).toBeTypeOf('function')
    expect(defaultPlatform.ledgerOf?.(mapStorage().storage)).toBeUndefined()
  })

  it('has no ledger in a page that may not have a localStorage', () => {
    dressUp()
    vi.stubGlobal('localStorage', undefined)
    Object.defineProperty(globalThis, 'localStorage', {
      configurable: true,
      get() {
        throw new DOMException('Access is denied', 'SecurityError')
      },
    })
    expect(defaultPlatform.ledgerOf?.(mapStorage().storage)).toBeUndefined()
  })
})
