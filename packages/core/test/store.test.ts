import { createClock } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { SessionRecord } from '../src/session-record.ts'
import type { TokenStorage } from '../src/storage.ts'
import { createStore } from '../src/store.ts'
import type { AdapterTrace } from '../src/trace.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'
import { swappingStorage } from './support/swapping-storage.ts'

const record = (version: number, epoch = 1): SessionRecord => ({
  format: 1,
  epoch,
  version,
  receivedAt: 0,
  tokens: { accessToken: `A${version}` },
})

function createShop(storage: TokenStorage) {
  const clock = createClock()
  const refused = vi.fn<AdapterTrace>()
  return {
    clock,
    refused,
    store: createStore({ storage, name: 'mine', platform: clock, flawOf: () => undefined, trace: refused }),
  }
}

describe('a store', () => {
  it('reads at once where the storage does, and needs no timer for that', async () => {
    const { store, clock } = createShop(mapStorage().storage)
    expect(store.read()).toEqual({ epoch: 0, version: 0, raw: null, isLeftOver: false })
    const written = store.replace(await store.read(), record(1))
    expect(clock.pending).toBe(0)
    expect(await written).toBe(true)
    expect(store.read()).toMatchObject({ epoch: 1, version: 1, record: record(1) })
  })

  it('waits five seconds for an answer, and no longer', async () => {
    const never = (): Promise<never> => new Promise(() => {})
    const { store, clock } = createShop({ getItem: never, setItem: never, removeItem: never })
    const failures = [store.read(), store.remove(), store.markSignedOut({ epoch: 2, version: 1 })].map((answer) =>
      failureOf(Promise.resolve<unknown>(answer)),
    )
    await clock.advance(4999)
    expect(clock.pending).toBe(3)
    await clock.advance(1)
    for (const failure of failures) {
      expect(await failure).toMatchObject({ message: 'The storage did not answer in 5000 ms' })
    }
    expect(clock.pending).toBe(0)
  })

  it('writes nothing over what it has read before the machine slept', async () => {
    const { storage, items } = mapStorage({ isAsync: true })
    const { store, clock } = createShop(storage)
    const found = await store.read()
    const sleeping = store.replace(found, record(1))
    clock.jump(5001)
    expect(await sleeping).toBe(false)
    expect(items.size).toBe(0)
    const waking = store.replace(found, record(1))
    clock.jump(5000)
    expect(await waking).toBe(true)
  })

  it('says for how long others may still write over what came: not at all where the storage swaps', () => {
    expect(createShop(mapStorage().storage).store.graceMs).toBe(5000)
    expect(createShop(swappingStorage()).store.graceMs).toBe(0)
  })

  it('leaves no timer behind when the answer comes', async () => {
    const { store, clock } = createShop(mapStorage({ isAsync: true }).storage)
    expect(await store.replace(await store.read(), record(1))).toBe(true)
    expect(await store.read()).toMatchObject({ version: 1 })
    expect(clock.pending).toBe(0)
  })

  it.each<[string, () => TokenStorage]>([
    ['compares', () => mapStorage().storage],
    ['compares and takes its time', () => mapStorage({ isAsync: true }).storage],
    ['compares the objects that the strings stand for', () => mapStorage({ parses: true }).storage],
    ['swaps in one step', swappingStorage],
  ])('replaces only what was read, over a storage that %s', async (_, create) => {
    const { store } = createShop(create())
    const nothing = await store.read()
    expect(await store.replace(nothing, record(1))).toBe(true)
    const first = await store.read()
    expect(await store.replace(nothing, record(5))).toBe(false)
    expect(await store.replace(first, record(2))).toBe(true)
    expect(await store.replace(first, record(9))).toBe(false)
    expect(await store.read()).toMatchObject({ version: 2, record: record(2) })
  })

  it('takes what is not above the epoch of a sign-out for left over, and what is for a sign-in', async () => {
    const { store } = createShop(mapStorage().storage)
    await store.replace(await store.read(), record(4))
    await store.markSignedOut({ epoch: 2, version: 3 })
    const left = await store.read()
    // The version only grows, also over a sign-out.
    expect(left).toMatchObject({ epoch: 2, version: 4, isLeftOver: true })
    expect(left).not.toHaveProperty('record')
    // Two that moved at the same time: the sign-out wins.
    await store.replace(left, record(5, 2))
    const beside = await store.read()
    expect(beside).toMatchObject({ epoch: 2, version: 5, isLeftOver: true })
    await store.replace(beside, record(6, 3))
    expect(await store.read()).toMatchObject({ epoch: 3, version: 6, record: record(6, 3) })
  })

  it('tells of what is no record, and of what is absent not', async () => {
    const { storage, items } = mapStorage()
    const { store, refused } = createShop(storage)
    await store.read()
    await createShop({ ...storage, getItem: () => undefined }).store.read()
    expect(refused).not.toHaveBeenCalled()
    items.set('mine', 'nonsense')
    expect(await store.read()).toMatchObject({ epoch: 0, version: 0, raw: 'nonsense' })
    expect(refused).toHaveBeenCalledOnce()
    expect(await store.replace(await store.read(), record(1))).toBe(true)
  })
})
