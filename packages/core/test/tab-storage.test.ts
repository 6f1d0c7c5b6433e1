import { afterEach, describe, expect, it, vi } from 'vitest'

import { tabStorage } from '../src/tab-storage.ts'
import { mapStorage } from './support/map-storage.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Puts a page around the test, with what its `sessionStorage` is or throws. */
function stubPage(sessionStorage: () => unknown): void {
  vi.stubGlobal('location', { origin: 'https://app.test' })
  vi.stubGlobal('sessionStorage', undefined)
  Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get: sessionStorage })
}

async function expectMemory(): Promise<void> {
  const storage = tabStorage()
  await storage.setItem('key', 'value')
  expect(await storage.getItem('key')).toBe('value')
  expect(await tabStorage().getItem('key')).toBeNull()
}

describe('tabStorage', () => {
  it("is the page's sessionStorage", () => {
    const { storage } = mapStorage()
    stubPage(() => storage)
    expect(tabStorage()).toBe(storage)
  })

  it.each([
    [
      'throws',
      () => {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      },
    ],
    ['gives null', () => null],
    ['gives undefined', () => undefined],
  ])('is memory in a page whose sessionStorage %s', async (_, getter) => {
    stubPage(getter)
    await expectMemory()
  })

  it('is memory in a worker, which has a location and no sessionStorage', async () => {
    vi.stubGlobal('location', { origin: 'https://app.test' })
    Reflect.deleteProperty(globalThis, 'sessionStorage')
    await expectMemory()
  })

  it('is memory outside of a page, and not one for everybody', async () => {
    await expectMemory()
    vi.stubGlobal('sessionStorage', mapStorage().storage)
    await expectMemory()
  })
})
