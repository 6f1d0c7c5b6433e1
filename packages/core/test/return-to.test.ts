import { deferred, settle } from '@reauth/testkit'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { returnTo, type ReturnToOptions } from '../src/return-to.ts'
import type { TraceEntry } from '../src/trace.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'

const start = 1_000_000
const minutes = 60_000

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  return () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})

function open(options: ReturnToOptions = {}) {
  const { items, storage } = mapStorage()
  const entries: TraceEntry[] = []
  const trace = (entry: TraceEntry): void => void entries.push(entry)
  const tamper = (value: unknown): void => {
    const [name = ''] = items.keys()
    items.set(name, JSON.stringify({ ...(JSON.parse(items.get(name) ?? '') as object), value }))
  }
  return {
    items,
    storage,
    entries,
    tamper,
    place: returnTo({ storage, origin: 'https://app.test', trace, ...options }),
  }
}

const warning = (reason: string): TraceEntry => ({
  type: 'warning',
  level: 'warn',
  at: start,
  session: 'reauth.returnTo',
  reason,
})

describe('returnTo', () => {
  it('gives the place once, after the round trip', async () => {
    const { place, storage, items, entries } = open()
    await place.save('/chat/42?tab=files#m-7')
    expect(items.size).toBe(1)
    const afterwards = returnTo({ storage, origin: 'https://app.test' })
    expect(await afterwards.take()).toBe('/chat/42?tab=files#m-7')
    expect(items.size).toBe(0)
    expect(await afterwards.take()).toBeUndefined()
    expect(await place.take()).toBeUndefined()
    expect(entries).toEqual([])
  })

  it('gives the place of the last sign-in', async () => {
    const { place, items } = open()
    await place.save('/a')
    await place.save('/b')
    expect(items.size).toBe(1)
    expect(await place.take()).toBe('/b')
    expect(await place.take()).toBeUndefined()
  })

  it('keeps it for 30 minutes', async () => {
    const { place } = open()
    await place.save('/a')
    vi.setSystemTime(start + 30 * minutes - 1)
    expect(await place.take()).toBe('/a')
    await place.save('/b')
    vi.setSystemTime(start + 60 * minutes)
    expect(await place.take()).toBeUndefined()
  })

  it('keeps it for ttlMs', async () => {
    const { place } = open({ ttlMs: minutes })
    await place.save('/a')
    vi.setSystemTime(start + minutes)
    expect(await place.take()).toBeUndefined()
  })

  it.each([
    ['//evil.test/secret', 'open-redirect'],
    ['https://evil.test/secret', 'open-redirect'],
    ['/%5Cevil.test/secret', 'open-redirect'],
    ['chat/secret', 'malformed'],
    ['/secret\n', 'malformed'],
    [undefined, 'malformed'],
  ])('refuses to save %j: %s, and tells without the value', async (value, reason) => {
    const { place, items, entries } = open()
    const error = await failureOf(place.save(value as string))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toContain(reason)
    expect((error as TypeError).message).toContain('location.pathname')
    expect(entries).toEqual([warning(reason)])
    expect(JSON.stringify([entries, String(error)])).not.toMatch(/evil|secret/)
    expect(items.size).toBe(0)
    expect(await place.take()).toBeUndefined()
  })

  it.each([true, false])('lets no sign-in inherit an older place by a refusal (async: %s)', async (isAsync) => {
    const { storage, items } = mapStorage({ isAsync })
    const { place } = open({ storage })
    await place.save('/older')
    await expect(place.save('//evil.test')).rejects.toThrow(TypeError)
    expect(items.size).toBe(0)
    expect(await place.take()).toBeUndefined()
  })

  it('is not done with a refusal before the older place is gone', async () => {
    const { storage } = mapStorage()
    const gate = deferred()
    const removeItem = (): Promise<void> => gate.promise
    const { place } = open({ storage: { ...storage, removeItem } })
    await place.save('/older')
    let isDone = false
    const failed = failureOf(place.save('//evil.test')).finally(() => (isDone = true))
    await settle()
    expect(isDone).toBe(false)
    gate.resolve()
    expect(await failed).toBeInstanceOf(TypeError)
  })

  it('lets no sign-in inherit an older place because the storage is full, and rejects with its error', async () => {
    const { storage } = mapStorage()
    const failure = new DOMException('full', 'QuotaExceededError')
    const setItem = vi.fn<typeof storage.setItem>(storage.setItem)
    const { place } = open({ storage: { ...storage, setItem } })
    await place.save('/older')
    setItem.mockImplementationOnce(() => {
      throw failure
    })
    await expect(place.save('/newer')).rejects.toBe(failure)
    expect(await place.take()).toBeUndefined()
  })

  it.each([
    ['//evil.test/secret', 'open-redirect'],
    ['/\\evil.test/secret', 'open-redirect'],
    ['javascript:secret()', 'open-redirect'],
    ['secret', 'malformed'],
    [{ path: '/secret' }, 'malformed'],
    [null, 'malformed'],
  ])('does not give %j that somebody else stored: %s', async (value, reason) => {
    const { place, items, entries, tamper } = open()
    await place.save('/a')
    tamper(value)
    expect(await place.take()).toBeUndefined()
    expect(entries).toEqual([warning(reason)])
    expect(items.size).toBe(0)
  })

  it('does not give what was no record', async () => {
    const { place, items, entries } = open()
    await place.save('/a')
    for (const name of items.keys()) items.set(name, '/secret')
    expect(await place.take()).toBeUndefined()
    expect(entries).toEqual([warning('malformed')])
  })

  it('gives it once to callers at once, and in the order of the calls', async () => {
    const { place } = open({ storage: mapStorage({ isAsync: true }).storage })
    const [, , first, second] = await Promise.all([place.save('/a'), place.save('/b'), place.take(), place.take()])
    expect([first, second]).toEqual(['/b', undefined])
  })

  it('tells the console of a refusal without a trace, and not of what', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { place } = open({ trace: undefined })
    await expect(place.save('//evil.test')).rejects.toThrow(TypeError)
    expect(warn).toHaveBeenCalledExactlyOnceWith('reauth: reauth.returnTo: open-redirect')
  })

  it('goes on when the trace throws', async () => {
    const uncaught: unknown[] = []
    vi.stubGlobal('queueMicrotask', () => uncaught.push('thrown'))
    const { place, tamper } = open({
      trace: () => {
        throw new Error('mine')
      },
    })
    await place.save('/a')
    tamper('//evil.test')
    expect(await place.take()).toBeUndefined()
    expect(uncaught).toEqual(['thrown'])
  })
})

describe('the origin of returnTo', () => {
  it('is required outside of a page', () => {
    expect(() => returnTo()).toThrow(TypeError)
    expect(() => returnTo()).toThrow('pass `origin`')
  })

  it("is the page's own by default", async () => {
    vi.stubGlobal('location', { origin: 'https://page.test' })
    vi.stubGlobal('sessionStorage', mapStorage().storage)
    const place = returnTo()
    await place.save('/a')
    expect(await returnTo().take()).toBe('/a')
  })

  it('takes the place of that of the page', () => {
    vi.stubGlobal('location', { origin: 'null' })
    expect(() => returnTo()).toThrow('"null"')
    expect(() => returnTo({ origin: 'https://app.test' })).not.toThrow()
  })

  it.each(['', 'null', 'app.test', 'https://app.test/chat', '/'])('is not %j: a TypeError', (origin) => {
    expect(() => returnTo({ origin })).toThrow(TypeError)
  })
})

it('throws a TypeError for a ttlMs that is none', () => {
  expect(() => open({ ttlMs: 0 })).toThrow(TypeError)
})

it('waits in memory outside of a page, in one of its own', async () => {
  const origin = 'https://app.test'
  const place = returnTo({ origin })
  await place.save('/a')
  expect(await returnTo({ origin }).take()).toBeUndefined()
  expect(await place.take()).toBe('/a')
})
