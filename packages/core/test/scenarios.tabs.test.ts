import { hold, status } from '@reauth/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { deferred } from '../src/deferred.ts'
import { RefreshError } from '../src/errors.ts'
import type { Session } from '../src/session.ts'
import type { TokenStorage } from '../src/storage.ts'
import { createDesk, type Desk, lifetimeMs, listen, openTabs, versions } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'
import { swappingStorage } from './support/swapping-storage.ts'

describe('every open tab refreshes', () => {
  it('not: at the same deadline one does, and the others get its token', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { all } = await openTabs(desk, 4)
    const disposers = all.map(({ session }) => session.hold())
    await desk.clock.advance(200_000)
    expect(desk.issuer.tokenPosts).toBe(1)
    const got = await Promise.all(all.map(({ session }) => session.acquire()))
    expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(versions(got)).toEqual([2, 2, 2, 2])
    for (const dispose of disposers) dispose()
  })

  it('not, when all of them ask at once for a token that has lapsed', async () => {
    const desk = createDesk({ storage: mapStorage({ isAsync: true }).storage })
    const { all } = await openTabs(desk, 4)
    desk.clock.jump(lifetimeMs)
    const got = await Promise.all(all.map(({ session }) => session.acquire()))
    expect(versions(got)).toEqual([2, 2, 2, 2])
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('not, when each of them is refused', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { all, credential } = await openTabs(desk, 4)
    const got = await Promise.all(all.map(({ session }) => session.acquire({ refused: credential })))
    expect(versions(got)).toEqual([2, 2, 2, 2])
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('not, where no message reaches the others', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { all } = await openTabs(desk, 4)
    for (const { page } of all) page.mute()
    desk.clock.jump(lifetimeMs)
    const got = await Promise.all(all.map(({ session }) => session.acquire()))
    expect(versions(got)).toEqual([2, 2, 2, 2])
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('the loser of a race', () => {
  it('takes over the tokens of the winner, and neither expires nor clears anything', async () => {
    const { promise: answered, reject } = deferred<never>()
    const { storage, items } = faultyStorage()
    const { open, issuer, clock } = createDesk({
      // A lock that excludes nobody.
      storage: { ...storage, request: (_name, _options, callback) => callback() },
    })
    const winner = open()
    const loser = open({ refresh: () => answered })
    await winner.signIn(issuer.signIn().tokens)
    await clock.advance(0)
    const heard = listen(loser, 'expired', 'signed-out', 'refresh-failed')
    const lost = loser.refresh()
    await clock.advance(0)
    clock.jump(1000)
    const won = await winner.refresh()
    reject(new RefreshError('invalid_grant', { reason: 'rejected' }))
    expect(await lost).toMatchObject({ version: 2, accessToken: won.accessToken })
    expect(heard).toEqual([])
    expect(loser.state).toMatchObject({ status: 'active', version: 2 })
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ version: 2, tokens: await winner.tokens() })
  })

  it('sends nothing, where both set out at once: of two claims the one that is stored counts', async () => {
    const desk = createDesk({
      storage: { ...mapStorage({ isAsync: true }).storage, request: (_name, _options, callback) => callback() },
    })
    const { all } = await openTabs(desk, 2)
    desk.clock.jump(lifetimeMs)
    const gate = desk.issuer.faults.next(hold())
    const asked = all.map(({ session }) => desk.track(session.acquire()))
    await desk.clock.advance(5000)
    expect(desk.issuer.tokenPosts).toBe(1)
    gate.release()
    await desk.clock.advance(2000)
    expect(versions(await Promise.all(asked))).toEqual([2, 2])
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('a tab that was frozen while others rotated the tokens', () => {
  async function frozen(desk: Desk) {
    const { first, others, credential } = await openTabs(desk, 2)
    const stale = others[0] as (typeof others)[0]
    stale.page.mute()
    for (let rotation = 0; rotation < 2; rotation++) {
      desk.clock.jump(lifetimeMs)
      await first.session.acquire()
    }
    expect(stale.session.state).toMatchObject({ version: 1 })
    return { first, stale, credential }
  }

  it.each(['resume', 'pageshow', 'visibilitychange'])('re-reads on %s, before it gives anything out', async (type) => {
    const desk = createDesk({ storage: mapStorage({ isAsync: true }).storage })
    const { stale } = await frozen(desk)
    stale.page.tell(type)
    expect(await stale.session.acquire()).toMatchObject({ version: 3 })
    expect(desk.issuer.tokenPosts).toBe(2)
  })

  it('re-reads before it refreshes, where nothing told it', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { stale } = await frozen(desk)
    expect(await stale.session.acquire()).toMatchObject({ version: 3 })
    expect(desk.issuer.tokenPosts).toBe(2)
  })

  it('re-reads in the middle of a request that comes back refused', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { stale, credential } = await frozen(desk)
    expect(await stale.session.acquire({ refused: credential })).toMatchObject({ version: 3 })
    expect(desk.issuer.tokenPosts).toBe(2)
  })

  it.each([
    ['compares under the lock', () => mapStorage().storage],
    ['compares and swaps', swappingStorage],
  ])('writes nothing old back, into a storage that %s', async (_, createStorage) => {
    const desk = createDesk({ storage: createStorage() })
    const { first, stale } = await frozen(desk)
    stale.session.expire(new Error('written by one who knows nothing'))
    await desk.clock.advance(0)
    const next = desk.openTab().session
    expect(await next.acquire()).toMatchObject({ version: 3 })
    expect(await next.tokens()).toEqual(await first.session.tokens())
    expect(stale.session.state).toEqual(first.session.state)
    expect(desk.issuer.tokenPosts).toBe(2)
  })
})

describe('a lock that nobody gives back', () => {
  it('does not come of listeners that call acquire() or refresh() while they are told of a refresh', async () => {
    const { open, issuer, track } = createDesk()
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    const nested: Promise<Credential>[] = []
    session.on('refreshed', ({ version }) => {
      nested.push(track(session.acquire()))
      if (version < 3) nested.push(track(session.refresh()))
    })
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect((await Promise.all(nested)).length).toBeGreaterThan(0)
    expect(session.state).toMatchObject({ version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it.each(['memory', 'Web Locks'])('ends every wait within the bound (%s)', async (kind) => {
    const desk = createDesk(kind === 'memory' ? {} : { storage: mapStorage().storage })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const other = await holder(desk, session)
    const waits = [session.acquire(), session.acquire()].map(failureOf)
    await desk.clock.advance(30_000)
    for (const wait of waits) expect(await wait).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(desk.issuer.tokenPosts).toBe(1)
    expect(session.state.status).toBe('active')
    void other.release()
    await desk.clock.advance(1000)
    expect(await session.acquire()).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('leads to no second request for being taken over, and to no AbortError', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const other = await holder(desk, session)
    for (let asked = 0; asked < 2; asked++) {
      const wait = session.acquire().catch((error: unknown) => error)
      await desk.clock.advance(31_000)
      expect(await wait).toMatchObject({ name: 'RefreshError' })
    }
    expect(desk.issuer.tokenPosts).toBe(1)
    expect(desk.entries).not.toContainEqual(expect.objectContaining({ type: 'takeover' }))
    void other.release()
    await desk.clock.advance(60_000)
    expect(await session.acquire()).toMatchObject({ version: 2 })
  })

  /** Another tab, which has sent its request under the lock and waits for the answer. */
  async function holder(desk: Desk, session: Session) {
    const other = desk.openTab().session
    await desk.clock.advance(0)
    desk.clock.jump(lifetimeMs)
    const gate = desk.issuer.faults.next(hold())
    onTestFinished(gate.release)
    const outcome = other.acquire().catch(() => {})
    await gate.arrived
    expect(session.state).toMatchObject({ version: 1 })
    return {
      release() {
        gate.release()
        return outcome
      },
    }
  }

  it('does not come of a storage that never answers', async () => {
    const { storage, ...faulty } = faultyStorage()
    const setItem = vi.fn<typeof storage.setItem>(storage.setItem)
    const { open, issuer, clock, track } = createDesk({ storage: { ...storage, setItem } })
    const session = open()
    await session.signIn(issuer.signIn().tokens)
    clock.jump(lifetimeMs)
    setItem.mockImplementation(() => new Promise(() => {}))
    const asked = track(session.acquire())
    await clock.advance(15_000)
    expect(await asked).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
    expect(JSON.parse(faulty.items.get('reauth') ?? '')).toMatchObject({ version: 1 })
    setItem.mockImplementation(storage.setItem)
    await clock.advance(60_000)
    expect(JSON.parse(faulty.items.get('reauth') ?? '')).toMatchObject({ version: 2 })
  })
})

describe('a lock that a frozen page holds', () => {
  it('is taken from one that has sent nothing, after a look at the store', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    desk.clock.jump(lifetimeMs)
    desk.browser.holdLock()
    const asked = desk.track(session.acquire())
    await desk.clock.advance(30_000)
    expect(await asked).toMatchObject({ version: 2 })
    expect(desk.entries).toContainEqual(expect.objectContaining({ type: 'takeover', level: 'warn' }))
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('is not taken from one that may have sent something, until that cannot be answered any more', async () => {
    const { items, storage } = mapStorage()
    const desk = createDesk({ storage, issuing: { graceMs: 1e9 } })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const credential = await session.acquire()
    // What the frozen page wrote before it sent its request, the answer to which is lost.
    const record = JSON.parse(items.get('reauth') ?? '') as object
    const claim = { owner: 'frozen', at: desk.clock.now() }
    items.set('reauth', JSON.stringify({ ...record, fate: { revision: 100, claim } }))
    desk.browser.holdLock()
    const wait = failureOf(session.acquire({ refused: credential }))
    await desk.clock.advance(31_000)
    expect(await wait).toMatchObject({ reason: 'unavailable' })
    expect(desk.issuer.tokenPosts).toBe(0)
    await desk.clock.advance(60_000)
    const asked = desk.track(session.acquire({ refused: credential }))
    await desk.clock.advance(30_000)
    expect(await asked).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it.each(['freeze', 'pagehide'])('is given back on %s by a page that has sent nothing', async (type) => {
    const { storage } = mapStorage()
    const desk = createDesk({ storage })
    let isFrozen = false
    const getItem: TokenStorage['getItem'] = (key) => (isFrozen ? new Promise(() => {}) : storage.getItem(key))
    const { session, page } = desk.openTab({ storage: { ...storage, getItem } })
    await session.signIn(desk.issuer.signIn().tokens)
    const refused = await session.acquire()
    const other = desk.openTab().session
    const asked = desk.track(session.refresh())
    // One microtask at a time: it has the lock, and is about to look into the store.
    // oxlint-disable-next-line no-await-in-loop
    while (desk.browser.locking === 0) await Promise.resolve()
    isFrozen = true
    await desk.clock.advance(0)
    page.tell(type)
    expect(await other.acquire({ refused })).toMatchObject({ version: 2 })
    isFrozen = false
    await desk.clock.advance(30_000)
    expect(await asked).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('is kept by a page that has sent its request: the others wait for its answer, and get it', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first, others, credential } = await openTabs(desk, 2)
    const other = others[0] as (typeof others)[0]
    const gate = desk.issuer.faults.next(hold())
    const asked = first.session.acquire({ refused: credential })
    await gate.arrived
    first.page.tell('freeze')
    const waiting = desk.track(other.session.acquire({ refused: credential }))
    await desk.clock.advance(5000)
    expect(desk.issuer.tokenPosts).toBe(1)
    gate.release()
    expect(await asked).toMatchObject({ version: 2 })
    await desk.clock.advance(2000)
    expect(await waiting).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('a sign-out while a refresh is in flight', () => {
  const where = [
    ['in the same tab', 0],
    ['in another tab', 1],
  ] as const

  it.each(where)('%s is not undone by the answer', async (_, at) => {
    const { storage, items } = mapStorage()
    const desk = createDesk({ storage })
    const { first, all, credential } = await openTabs(desk, 2)
    const gate = desk.issuer.faults.next(hold())
    const asked = failureOf(first.session.acquire({ refused: credential }))
    await gate.arrived
    await all[at]?.session.signOut()
    await desk.clock.advance(0)
    expect(await asked).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    gate.release()
    await desk.clock.advance(0)
    for (const { session } of all) {
      expect(session.state).toEqual({ status: 'signed-out' })
      expect(await session.tokens()).toBeUndefined()
    }
    expect(items.has('reauth')).toBe(false)
    expect(desk.openTab().session.state).toEqual({ status: 'signed-out' })
  })

  it.each(where)('and a sign-in %s leave the answer nothing to touch', async (_, at) => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first, all, credential } = await openTabs(desk, 2)
    const gate = desk.issuer.faults.next(hold())
    const asked = failureOf(first.session.acquire({ refused: credential }))
    await gate.arrived
    await all[at]?.session.signOut()
    const bob = desk.issuer.signIn({ identity: 'bob' }).tokens
    await all[at]?.session.signIn(bob)
    await desk.clock.advance(0)
    expect(await asked).toMatchObject({ name: 'AuthenticationError' })
    gate.release()
    await desk.clock.advance(0)
    for (const { session } of [...all, desk.openTab()]) {
      expect(await session.tokens()).toEqual(bob)
      expect((await session.acquire()).accessToken).toBe(bob.accessToken)
    }
    expect(await failureOf(first.session.acquire({ refused: credential }))).toMatchObject({ reason: 'switched' })
  })
})

describe('a sign-out and a sign-in that one event tells of', () => {
  it('are seen as what they are: nothing of the former is shown or sent', async () => {
    const { storage, items } = mapStorage()
    const desk = createDesk()
    // Tabs without channels: what is left are the events of the storage, of which several may come as one.
    const openTab = () => {
      const page = desk.browser.openPage()
      const session = desk.open({
        storage: { ...storage },
        platform: { ...page.platform, BroadcastChannel: undefined },
      })
      return { page, session }
    }
    const one = openTab()
    await one.session.signIn(desk.issuer.signIn({ identity: 'alice' }).tokens)
    const other = openTab()
    const credential = await other.session.acquire()
    const heard = listen(other.session, 'signed-in', 'signed-out')
    const { signal } = other.session
    await one.session.signOut()
    await one.session.signIn(desk.issuer.signIn({ identity: 'bob' }).tokens)
    expect(other.session.state).toMatchObject({ identity: 'https://issuer.test#alice' })
    other.page.tell('storage', { key: 'reauth', newValue: items.get('reauth') })
    expect(await failureOf(other.session.acquire({ refused: credential }))).toMatchObject({ reason: 'switched' })
    expect(other.session.state).toEqual(one.session.state)
    expect(signal.reason).toMatchObject({ reason: 'switched' })
    expect(heard).toEqual(['signed-in'])
    expect(desk.issuer.tokenPosts).toBe(0)
  })

  it('of another key are none of its business', async () => {
    const getItem = vi.fn<(key: string) => null>(() => null)
    const desk = createDesk({ storage: { getItem, setItem() {}, removeItem() {} } })
    const page = desk.browser.openPage()
    desk.open({ platform: { ...page.platform, BroadcastChannel: undefined } })
    getItem.mockClear()
    page.tell('storage', { key: 'another' })
    await desk.clock.advance(0)
    expect(getItem).not.toHaveBeenCalled()
    page.tell('storage', { key: null })
    await desk.clock.advance(0)
    expect(getItem).toHaveBeenCalled()
  })
})

describe('a session that expires while it is refreshed', () => {
  const where = [
    ['in the same tab', 0],
    ['in another tab', 1],
  ] as const

  it.each(where)('%s keeps what the refresh brings, and is active again in every tab', async (_, at) => {
    const { storage, items } = mapStorage()
    const desk = createDesk({ storage })
    const { first, all } = await openTabs(desk, 2)
    const gate = desk.issuer.faults.next(hold())
    const asked = first.session.refresh().catch(() => {})
    await gate.arrived
    all[at]?.session.expire(new Error('the application says so'))
    await desk.clock.advance(0)
    for (const { session } of all) expect(session.state).toMatchObject({ status: 'expired', version: 1 })
    gate.release()
    await asked
    await desk.clock.advance(0)
    for (const { session } of all) expect(session.state).toMatchObject({ status: 'active', epoch: 1, version: 2 })
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ version: 2, tokens: await first.session.tokens() })
    expect(JSON.parse(items.get('reauth') ?? '')).not.toHaveProperty('expired')
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('a late 401', () => {
  it.each(['the same tab', 'another tab'])('for the old token costs nothing, in %s', async (where) => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first, others, credential } = await openTabs(desk, 2)
    await first.session.acquire({ refused: credential })
    desk.clock.jump(3000)
    const late = where === 'the same tab' ? first : (others[0] as typeof first)
    expect(await late.session.acquire({ refused: credential })).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it.each(['the same tab', 'another tab'])('after a refresh that failed starts no other, in %s', async (where) => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first, others, credential } = await openTabs(desk, 2)
    desk.issuer.faults.next(status(503))
    expect(await failureOf(first.session.acquire({ refused: credential }))).toMatchObject({ reason: 'unavailable' })
    desk.clock.jump(900)
    const late = where === 'the same tab' ? first : (others[0] as typeof first)
    expect(await failureOf(late.session.acquire({ refused: credential }))).toMatchObject({ reason: 'unavailable' })
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('news of a refresh', () => {
  it('is told after it was stored, without a token', async () => {
    const { storage, items } = mapStorage({ isAsync: true })
    const desk = createDesk({ storage })
    const stored: unknown[] = []
    desk.browser.onMessage = () =>
      stored.push((JSON.parse(items.get('reauth') ?? '{}') as { version?: number }).version)
    const { first } = await openTabs(desk, 2)
    expect(stored.at(-1)).toBe(1)
    await first.session.refresh()
    await desk.clock.advance(0)
    const told = desk.browser.messages as { version: number }[]
    expect(told.some(({ version }) => version === 2)).toBe(true)
    expect(told.map(({ version }) => version)).toEqual(stored)
    expect(desk.issuer.isTokenIn(JSON.stringify(told))).toBe(false)
  })

  it.each([{ epoch: 99, version: 99 }, { epoch: 0, version: 0 }, 'nonsense', null])(
    'is a hint to read the store, and never taken at its word: %j',
    async (message) => {
      const desk = createDesk({ storage: mapStorage().storage })
      const { all, credential } = await openTabs(desk, 2)
      const { BroadcastChannel } = desk.browser.openPage().platform
      const channel = new BroadcastChannel('reauth:reauth')
      // Not a window's: a channel reaches this origin alone.
      // oxlint-disable-next-line require-post-message-target-origin
      channel.postMessage(message)
      channel.close()
      await desk.clock.advance(0)
      for (const { session } of all) expect(await session.acquire()).toEqual(credential)
    },
  )
})
