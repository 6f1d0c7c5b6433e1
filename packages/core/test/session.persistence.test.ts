import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { hold, type Issuer } from '@reauth/testkit'
import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import memoryDriver from 'unstorage/drivers/memory'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import { createSession } from '../src/session.ts'
import type { TokenStorage } from '../src/storage.ts'
import { asyncStorage } from './support/async-storage.ts'
import { createDesk, type Desk, lifetimeMs } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'
import { swappingStorage } from './support/swapping-storage.ts'

/** A storage over files, which are removed after the test. */
function fileStorage(): TokenStorage {
  const base = mkdtempSync(join(tmpdir(), 'reauth-'))
  onTestFinished(() => rmSync(base, { recursive: true }))
  return createStorage({ driver: fsDriver({ base }) })
}

/** A storage that gives what the strings stand for, where they stand for something. */
function parsingStorage(): TokenStorage {
  const { storage } = mapStorage()
  return {
    ...storage,
    getItem(key) {
      const item = storage.getItem(key) as string
      return item?.startsWith('{') ? (JSON.parse(item) as unknown) : item
    },
  }
}

const kinds: [string, () => TokenStorage][] = [
  ['memory', memoryStorage],
  ['one that answers at once', () => mapStorage().storage],
  ['one that takes its time', () => mapStorage({ isAsync: true }).storage],
  ['one that gives objects for the strings it got', parsingStorage],
  ['one over a network', () => asyncStorage(memoryStorage())],
  ['one that compares and swaps', swappingStorage],
  ['one over a network that compares and swaps', () => asyncStorage(swappingStorage())],
  ["unstorage's memory", () => createStorage({ driver: memoryDriver() })],
  ["unstorage's files", fileStorage],
]

/** Lets a storage answer, whose answers may take turns of the event loop, or real input and output. */
const until = (what: () => unknown): Promise<void> =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 3000, interval: 1 })

describe.each(kinds)('a session in %s', (_, createStorageOf) => {
  const open = () => createDesk({ storage: createStorageOf() })

  it('is there again after a restart, with its tokens, its identity, and what is left of its lifetime', async () => {
    const { openTab, issuer, clock } = open()
    const { session } = openTab()
    await session.ready
    await session.signIn(issuer.signIn().tokens)
    const credential = await session.acquire()
    await session[Symbol.asyncDispose]()
    clock.jump(100_000)
    const next = openTab().session
    await next.ready
    expect(next.state).toEqual(session.state)
    expect(await next.acquire()).toEqual(credential)
    expect(await next.tokens()).toEqual(await session.tokens())
    clock.jump(lifetimeMs - 100_000)
    expect(await next.acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
    const last = openTab().session
    expect(await last.acquire()).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is gone after a sign-out, for good, and the next sign-in is of a higher epoch', async () => {
    const { openTab, issuer } = open()
    const { session } = openTab()
    await session.signIn(issuer.signIn().tokens)
    await session.signOut()
    await session[Symbol.asyncDispose]()
    const next = openTab().session
    await next.ready
    expect(next.state).toEqual({ status: 'signed-out' })
    expect(await failureOf(next.acquire())).toMatchObject({ reason: 'signed-out' })
    await next.signIn(issuer.signIn().tokens)
    expect((await next.acquire()).epoch).toBeGreaterThan(2)
  })

  it('stays expired over a restart, with its tokens, and is revived by the next call', async () => {
    const { openTab, issuer } = open()
    const { session } = openTab()
    const { tokens } = issuer.signIn()
    await session.signIn(tokens)
    session.expire(new Error('the application says so'))
    await session[Symbol.asyncDispose]()
    const next = openTab().session
    await next.ready
    expect(next.state).toMatchObject({ status: 'expired', epoch: 1, version: 1, error: { reason: 'expired' } })
    expect(await next.tokens()).toEqual(tokens)
    expect(await next.acquire()).toMatchObject({ epoch: 1, version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is refreshed once for all pages, at once or one after the other', async () => {
    const { openTab, issuer, clock } = open()
    const [one, other] = [openTab().session, openTab().session]
    await one.signIn(issuer.signIn().tokens)
    await until(() => other.state.status === 'active')
    const third = openTab().session
    clock.jump(lifetimeMs)
    const got = await Promise.all([one, other, third].map((session) => session.acquire()))
    expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(got.map(({ version }) => version)).toEqual([2, 2, 2])
    expect(issuer.tokenPosts).toBe(1)
    expect(await openTab().session.acquire()).toEqual(await one.acquire())
  })

  it('is told of to another page, which goes on with it', async () => {
    const { openTab, issuer } = open()
    const [one, other] = [openTab().session, openTab().session]
    await other.ready
    await one.signIn(issuer.signIn().tokens)
    await until(() => other.state.status === 'active')
    expect(await other.acquire()).toEqual(await one.acquire())
    await other.signOut()
    await until(() => one.state.status === 'signed-out')
  })
})

describe('the record', () => {
  it('has a format, the epoch, the version, the tokens, when they came, and what is about to be presented', async () => {
    const { items, storage } = mapStorage()
    const { openTab, issuer, clock } = createDesk({ storage })
    const { session } = openTab()
    const { tokens } = issuer.signIn()
    await session.signIn(tokens)
    const record = (): unknown => JSON.parse(items.get('reauth') ?? 'null')
    const stored = { format: 1, epoch: 1, version: 1, tokens, receivedAt: clock.now() }
    expect(record()).toEqual({ ...stored, identity: 'https://issuer.test#alice' })
    const gate = issuer.faults.next(hold())
    const asked = session.refresh()
    await gate.arrived
    const claim = { owner: expect.any(String) as unknown, at: clock.now() }
    expect(record()).toMatchObject({ ...stored, fate: { claim } })
    gate.release()
    await asked
    expect(record()).toMatchObject({ ...stored, version: 2, tokens: await session.tokens() })
    expect(record()).not.toHaveProperty('fate.claim')
    await session.signOut()
    expect(Object.fromEntries(items)).toEqual({ 'reauth.epoch': '2:2' })
  })

  it('stands under the name of its session, beside those of others', async () => {
    const { items, storage } = mapStorage()
    const { openTab, issuer } = createDesk({ storage })
    const [one, other] = [openTab({ name: 'one' }).session, openTab({ name: 'other' }).session]
    await one.signIn(issuer.signIn({ identity: 'alice' }).tokens)
    await other.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    await one.signOut()
    expect([...items.keys()].toSorted()).toEqual(['one.epoch', 'other'])
    expect(other.state).toMatchObject({ status: 'active', identity: 'https://issuer.test#bob' })
  })

  it('of a session that a sign-out ended is absent, and is removed when it comes late', async () => {
    const { items, storage } = mapStorage()
    const { openTab, issuer } = createDesk({ storage })
    const { session } = openTab()
    await session.signIn(issuer.signIn().tokens)
    const late = items.get('reauth') ?? ''
    await session.signOut()
    items.set('reauth', late)
    const next = openTab().session
    expect(next.state).toEqual({ status: 'signed-out' })
    expect(await next.tokens()).toBeUndefined()
    await next.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ epoch: 3, identity: 'https://issuer.test#bob' })
  })

  const right = { format: 1, epoch: 1, version: 1, receivedAt: 0, tokens: { accessToken: 'A' } }

  it.each<[string, unknown]>([
    ['no JSON', '{"format":1'],
    ['an empty text', ''],
    ['null', null],
    ['a number', 5],
    ['a list', []],
    ['of a later format', { ...right, format: 2 }],
    ['without a version', { ...right, version: undefined }],
    ['with half an epoch', { ...right, epoch: 1.5 }],
    ['with an epoch as a text', { ...right, epoch: '1' }],
    ['without the time of its receipt', { ...right, receivedAt: null }],
    ['without tokens', { ...right, tokens: undefined }],
    ['with an access token that no header carries', { ...right, tokens: { accessToken: 'Ä\n' } }],
    ['with a lifetime that is none', { ...right, tokens: { accessToken: 'A', expiresInMs: -5 } }],
  ])('is refused with a warning, if it is %s', async (_, value) => {
    const { items, storage } = mapStorage()
    items.set('reauth', typeof value === 'string' ? value : JSON.stringify(value))
    const { openTab, issuer, warnings, entries } = createDesk({ storage })
    const { session } = openTab()
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(warnings()).toEqual(['warn record'])
    expect(JSON.stringify(entries)).not.toContain('accessToken')
    await session.signIn(issuer.signIn().tokens)
    expect(await session.acquire()).toMatchObject({ version: 1 })
    expect(openTab().session.state).toEqual(session.state)
    expect(new Set(warnings())).toEqual(new Set(['warn record']))
  })

  it.each(['', 'nonsense', '-:-', '{}', 'NaN:Infinity'])('is not hidden by an epoch that reads %j', async (mark) => {
    const { items, storage } = mapStorage()
    const { openTab, issuer } = createDesk({ storage })
    const { session } = openTab()
    await session.signIn(issuer.signIn().tokens)
    items.set('reauth.epoch', mark)
    expect(openTab().session.state).toEqual(session.state)
  })
})

describe('a storage that takes its time', () => {
  const createSlowDesk = (): Desk & { first: string } => {
    const { storage, items } = mapStorage({ isAsync: true })
    return { ...createDesk({ storage }), first: items.get('reauth') ?? '' }
  }

  it('leaves the state loading until it has answered, and callers wait', async () => {
    const { openTab, issuer } = createSlowDesk()
    await openTab().session.signIn(issuer.signIn().tokens)
    const { session } = openTab()
    const seen: string[] = []
    session.subscribe(() => seen.push(session.state.status))
    expect(session.state).toEqual({ status: 'loading' })
    const asked = session.acquire()
    expect(session.state).toEqual({ status: 'loading' })
    expect(await asked).toMatchObject({ version: 1 })
    expect(seen).toEqual(['active'])
    await session.ready
    expect(session.state.status).toBe('active')
  })

  it('does not win over a sign-in that came before its answer', async () => {
    const { openTab, issuer } = createSlowDesk()
    await openTab().session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
    const { session } = openTab()
    const signedIn = session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    expect(session.state).toMatchObject({ status: 'active', identity: 'https://issuer.test#bob' })
    await signedIn
    expect(await session.acquire()).toMatchObject({ identity: 'https://issuer.test#bob', epoch: 2 })
    const next = openTab().session
    await next.ready
    expect(next.state).toEqual(session.state)
  })

  it('does not win over a sign-out that came before its answer', async () => {
    const { openTab, issuer } = createSlowDesk()
    await openTab().session.signIn(issuer.signIn().tokens)
    const { session } = openTab()
    await session.signOut()
    expect(session.state).toEqual({ status: 'signed-out' })
    const next = openTab().session
    await next.ready
    expect(next.state).toEqual({ status: 'signed-out' })
  })

  it('does not keep a caller who gives up', async () => {
    const { openTab, issuer } = createSlowDesk()
    await openTab().session.signIn(issuer.signIn().tokens)
    const { session } = openTab()
    const reason = new Error('no longer')
    expect(await failureOf(session.acquire({ signal: AbortSignal.abort(reason) }))).toBe(reason)
  })
})

describe('a session that is disposed, with everything that it can have', () => {
  /** A page with storage, lock, channel, holds and listeners, in the middle of a refresh. */
  async function busy(desk: Desk) {
    const { session, page } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const heard = vi.fn<() => void>()
    session.subscribe(heard)
    for (const type of ['refreshed', 'expiring', 'expired', 'signed-out', 'persist-failed'] as const) {
      session.on(type, heard)
    }
    session.hold({ onCredential: heard, onEnd: heard })
    session.hold({ refreshAheadMs: 60_000 })
    desk.clock.jump(lifetimeMs)
    const gate = desk.issuer.faults.next(hold())
    const { signal } = new AbortController()
    const waits = [
      session.acquire(),
      session.acquire({ signal }),
      session.acquire({ minValidityMs: 1e6 }),
      session.refresh(),
    ].map((wait) => failureOf(desk.track(wait)))
    await gate.arrived
    expect(page.listening).toBeGreaterThan(0)
    expect(desk.browser).toMatchObject({ locking: 1, channels: 1 })
    return { session, page, waits, gate, heard }
  }

  it('leaves no promise, no timer, no listener, no lock and no channel (I7)', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session, page, waits, gate, heard } = await busy(desk)
    const ended = session[Symbol.asyncDispose]()
    for (const wait of waits) expect(await wait).toMatchObject({ name: 'RefreshError', reason: 'disposed' })
    expect(page.listening).toBe(0)
    gate.release()
    await ended
    expect(desk.clock.pending).toBe(0)
    expect(desk.browser).toMatchObject({ locking: 0, channels: 0 })
    heard.mockClear()
    for (const type of ['visibilitychange', 'pageshow', 'online', 'resume', 'pagehide', 'freeze']) page.tell(type)
    await desk.clock.advance(10 * lifetimeMs)
    expect(heard).not.toHaveBeenCalled()
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('has stored the answer that was in flight: the next page goes on with it (I7)', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session, gate } = await busy(desk)
    const ended = session[Symbol.asyncDispose]()
    gate.release()
    await ended
    const next = desk.openTab().session
    expect(await next.acquire()).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('leaves none of them where it waits for the lock', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session, page } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const release = desk.browser.holdLock()
    const wait = failureOf(desk.track(session.refresh()))
    await desk.clock.advance(0)
    expect(desk.browser.locking).toBe(2)
    await session[Symbol.asyncDispose]()
    expect(await wait).toMatchObject({ reason: 'disposed' })
    release()
    await desk.clock.advance(0)
    expect(desk.clock.pending).toBe(0)
    expect(page.listening).toBe(0)
    expect(desk.browser).toMatchObject({ locking: 0, channels: 0 })
  })

  it('leaves none of them where the storage never answered', async () => {
    const faulty = faultyStorage()
    faulty.fault = 'hangs'
    const { openTab, clock, track, browser } = createDesk({ storage: faulty.storage })
    const { session, page } = openTab()
    const waits = [failureOf(track(session.acquire())), track(session.ready)]
    const ended = track(session[Symbol.asyncDispose]())
    await clock.advance(5000)
    await Promise.all([ended, ...waits])
    expect(clock.pending).toBe(0)
    expect(page.listening).toBe(0)
    expect(browser.channels).toBe(0)
  })

  it('leaves the other pages alone', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session, gate } = await busy(desk)
    const other = desk.openTab().session
    const ended = session[Symbol.asyncDispose]()
    gate.release()
    await ended
    await desk.clock.advance(0)
    expect(other.state).toMatchObject({ status: 'active', version: 2 })
    expect(await other.refresh()).toMatchObject({ version: 3 })
  })
})

describe('a session of which nothing is kept', () => {
  it('is in memory by default, and asks no page for a lock', async () => {
    const { browser, issuer } = createDesk()
    const { platform } = browser.openPage()
    const request = vi.fn<Issuer['refresh']>()
    const locks = { request: request as never }
    await using session = createSession({ refresh: issuer.refresh, platform: { ...platform, locks } })
    expect(session.state).toEqual({ status: 'signed-out' })
    await session.signIn(issuer.signIn().tokens)
    await session.refresh()
    expect(request).not.toHaveBeenCalled()
  })
})
