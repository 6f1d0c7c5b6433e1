import { hold, inOrder, status } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { deferred } from '../src/deferred.ts'
import { RefreshError } from '../src/errors.ts'
import type { TokenSet } from '../src/token-set.ts'
import { createDesk, type Desk, lifetimeMs, openTabs } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'

/** A desk over a storage that cannot swap, in which somebody else writes right before or after a record is set. */
function createContested(): Desk & {
  readonly items: Map<string, string>
  /** Called once each, when a record is set. */
  meddle: { before?: () => void; after?: () => void }
  /** Writes as if another tab had: what is there, changed. */
  put(change: object): void
} {
  const { storage, items } = mapStorage()
  const contested = {
    meddle: {} as { before?: () => void; after?: () => void },
    put(change: object) {
      items.set('reauth', JSON.stringify({ ...(JSON.parse(items.get('reauth') ?? '{}') as object), ...change }))
    },
  }
  const desk = createDesk({
    storage: {
      ...storage,
      setItem(key, value) {
        const { before, after } = contested.meddle
        if (key === 'reauth') contested.meddle = {}
        if (key === 'reauth') before?.()
        void storage.setItem(key, value)
        if (key === 'reauth') after?.()
      },
    },
  })
  return Object.assign(contested, desk, { items })
}

type Tab = ReturnType<Desk['openTab']>
type How = (session: Tab['session'], page: Tab['page']) => void

const bob = { identity: 'bob', tokens: { accessToken: 'B', refreshToken: 'RB', identity: 'bob' } }

describe('a sign-in', () => {
  it.each([
    ['of somebody else, with the same number', { version: 1, ...bob }, { epoch: 2, version: 2 }],
    ['of somebody else, with a higher version', { version: 5, ...bob }, { epoch: 2, version: 6 }],
    ['of the same person, with the same number', { tokens: { accessToken: 'A2' } }, { epoch: 2, version: 2 }],
  ])('goes above one that was written at the same time: %s', async (_what, rival, stamp) => {
    const contested = createContested()
    const { session } = contested.openTab()
    contested.meddle = { after: () => contested.put(rival) }
    const { tokens } = contested.issuer.signIn()
    await session.signIn(tokens)
    expect(session.state).toMatchObject(stamp)
    expect(JSON.parse(contested.items.get('reauth') ?? '')).toMatchObject({ ...stamp, tokens })
  })

  it.each([
    ['a refresh of it', { version: 2, tokens: { accessToken: 'A2' } }, { epoch: 1, version: 2 }],
    ['a later sign-in', { epoch: 4, ...bob }, { epoch: 4, version: 1, identity: 'bob' }],
  ])('gives way to what was written after it: %s', async (_what, later, state) => {
    const contested = createContested()
    const { session, page } = contested.openTab()
    contested.meddle = { after: () => contested.put(later) }
    await session.signIn(contested.issuer.signIn().tokens)
    page.tell('visibilitychange')
    await contested.clock.advance(0)
    expect(session.state).toMatchObject(state)
    expect(JSON.parse(contested.items.get('reauth') ?? '')).toMatchObject(later)
  })

  it('that could not be stored wins over what is there once it can, and not over what comes then', async () => {
    const { storage, items } = mapStorage()
    const desk = createDesk({ storage })
    const one = desk.openTab()
    for (const identity of ['carol', 'dave', 'carol']) await one.session.signIn(desk.issuer.signIn({ identity }).tokens)
    const faulty = faultyStorage()
    faulty.fault = 'throws'
    const other = desk.openTab({
      storage: {
        getItem: (key) => faulty.storage.getItem(key) ?? storage.getItem(key),
        setItem: async (key, value) => {
          await faulty.storage.setItem(key, value)
          await storage.setItem(key, value)
        },
        removeItem: (key) => storage.removeItem(key),
      },
    })
    await other.session.signIn(desk.issuer.signIn({ identity: 'bob' }).tokens)
    expect(other.session.state).toMatchObject({ epoch: 1 })
    faulty.fault = undefined
    faulty.storage.getItem = () => null
    await desk.clock.advance(5000)
    expect(other.session.state).toMatchObject({ epoch: 4, identity: 'https://issuer.test#bob' })
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ epoch: 4, identity: 'https://issuer.test#bob' })
    await one.session.signIn(desk.issuer.signIn({ identity: 'erin' }).tokens)
    await desk.clock.advance(0)
    expect(one.session.state).toMatchObject({ epoch: 5 })
    expect(other.session.state).toEqual(one.session.state)
  })
})

describe('a sign-in that was stored, though its page did not hear so', () => {
  it.each([
    ['a refresh of it', 'alice', { epoch: 1, version: 3 }],
    ['a later sign-in', 'bob', { epoch: 2, identity: 'https://issuer.test#bob' }],
  ])('gives way to %s', async (_what, identity, state) => {
    const { storage } = mapStorage()
    const desk = createDesk({ storage })
    const one = desk.openTab()
    await one.session.signIn(desk.issuer.signIn().tokens)
    let isDeaf = true
    const deaf = desk.openTab({
      storage: {
        ...storage,
        setItem: async (key, value) => {
          await storage.setItem(key, value)
          if (isDeaf) throw new Error('The answer was lost')
        },
      },
    })
    await deaf.session.signIn(desk.issuer.signIn().tokens)
    expect(deaf.session.state).toMatchObject({ epoch: 1, version: 2 })
    one.page.tell('visibilitychange')
    await (identity === 'alice' ? one.session.refresh() : one.session.signIn(desk.issuer.signIn({ identity }).tokens))
    expect(one.session.state).toMatchObject(state)
    isDeaf = false
    await desk.clock.advance(5000)
    expect(deaf.session.state).toEqual(one.session.state)
    expect(one.session.state).toMatchObject(state)
    await deaf.session.refresh()
  })
})

describe('a sign-in that expired before its page heard that it was stored', () => {
  it('gives way to a refresh of it', async () => {
    const { storage } = mapStorage()
    const desk = createDesk({ storage })
    const one = desk.openTab()
    await one.session.signIn(desk.issuer.signIn().tokens)
    let isBroken = false
    const written = deferred<void>()
    const broken = desk.openTab({
      storage: {
        ...storage,
        getItem: (key) => {
          if (isBroken) throw new Error('The storage is gone')
          return storage.getItem(key)
        },
        setItem: async (key, value) => {
          await storage.setItem(key, value)
          await written.promise
          throw new Error('The answer was lost')
        },
      },
    })
    const { tokens } = desk.issuer.signIn()
    const signedIn = broken.session.signIn(tokens)
    await desk.clock.advance(0)
    broken.session.expire()
    isBroken = true
    written.resolve()
    await signedIn
    one.page.tell('visibilitychange')
    await one.session.refresh()
    expect(one.session.state).toMatchObject({ epoch: 1, version: 3 })
    isBroken = false
    await desk.clock.advance(5000)
    expect(broken.session.state).toEqual(one.session.state)
    expect(one.session.state).toMatchObject({ epoch: 1, version: 3 })
  })
})

describe('a refresh', () => {
  it('leaves nothing behind where somebody signed out between its look and its writing', async () => {
    const contested = createContested()
    const { session } = contested.openTab()
    await session.signIn(contested.issuer.signIn().tokens)
    const answered = session.refresh().catch(() => {})
    contested.meddle = {
      after: () => {
        contested.meddle = { before: () => void contested.items.set('reauth.epoch', '2:1') }
      },
    }
    await answered
    await contested.clock.advance(0)
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(contested.items.has('reauth')).toBe(false)
  })
})

describe('a refresh token that is spent', () => {
  it('is not called so in the store before its successor is there', async () => {
    const { storage, items } = mapStorage({ isAsync: true })
    const writes: string[] = []
    const answer = deferred<TokenSet>()
    let gate: Promise<void> | undefined
    let isFull = false
    const desk = createDesk({
      refresh: () => answer.promise,
      storage: {
        ...storage,
        async getItem(key) {
          await gate
          return storage.getItem(key)
        },
        async setItem(key, value) {
          if (isFull) throw new Error('The disk is full')
          writes.push(value)
          await storage.setItem(key, value)
        },
      },
    })
    const { session } = desk.openTab()
    await session.signIn({ accessToken: 'A1', refreshToken: 'R1' })
    isFull = true
    const asked = desk.track(session.refresh())
    await desk.clock.advance(0)
    isFull = false
    const opened = deferred<void>()
    gate = opened.promise
    // What was to be told of the claim is tried again, and looks at the store, when the answer comes.
    await desk.clock.advance(2000)
    answer.resolve({ accessToken: 'A2', refreshToken: 'R2' })
    await desk.clock.advance(0)
    opened.resolve()
    expect(await asked).toMatchObject({ version: 2 })
    expect(writes.filter((record) => record.includes('dead'))).toEqual([])
    expect(items.get('reauth')).toContain('R2')
  })
})

describe('a claim', () => {
  it('is not followed by a request where the user signed out while it was stored', async () => {
    const contested = createContested()
    const { session } = contested.openTab()
    await session.signIn(contested.issuer.signIn().tokens)
    contested.meddle = { before: () => void session.signOut() }
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'signed-out' })
    await contested.clock.advance(0)
    expect(contested.issuer.tokenPosts).toBe(0)
  })

  it('that came second sends nothing, also where the request of the first has failed', async () => {
    const desk = createDesk({
      storage: { ...mapStorage({ isAsync: true }).storage, request: (_name, _options, callback) => callback() },
    })
    const { all } = await openTabs(desk, 2)
    desk.clock.jump(lifetimeMs)
    const gate = hold()
    desk.issuer.faults.next(inOrder(gate, status(503)))
    const asked = all.map(({ session }) => failureOf(desk.track(session.acquire())))
    await desk.clock.advance(5000)
    gate.release()
    await desk.clock.advance(2000)
    for (const failure of asked) expect(await failure).toMatchObject({ reason: 'unavailable' })
    expect(desk.issuer.tokenPosts).toBe(1)
  })
})

describe('a claim of somebody who may be there though the lock is not theirs', () => {
  const claim = (contested: ReturnType<typeof createContested>) => ({ owner: 'another', at: contested.clock.now() })

  async function createLapsed() {
    const contested = createContested()
    const { session } = contested.openTab()
    await session.signIn(contested.issuer.signIn().tokens)
    contested.clock.jump(lifetimeMs)
    return { ...contested, session, contested }
  }

  it('is waited for by the thief, who marks it, and presents the token only once it is gone', async () => {
    const { contested, session, clock, issuer, items } = await createLapsed()
    contested.browser.holdLock()
    const waiting = contested.track(session.acquire())
    // A quarter of the time to wait for a lock that nobody has claimed anything under.
    await clock.advance(7500)
    contested.put({ fate: { revision: 9, claim: claim(contested) } })
    await clock.advance(5000)
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ fate: { claim: { owner: 'another', stray: true } } })
    expect(issuer.tokenPosts).toBe(0)
    contested.put({ fate: { revision: 99 } })
    await clock.advance(1000)
    expect(await waiting).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('is waited for by who has the lock next, and does not count as an answer that was lost', async () => {
    const { contested, session, clock, issuer } = await createLapsed()
    contested.put({ fate: { revision: 9, claim: { ...claim(contested), stray: true } } })
    const waiting = contested.track(session.acquire())
    await clock.advance(5000)
    expect(issuer.tokenPosts).toBe(0)
    contested.put({ fate: { revision: 99 } })
    await clock.advance(1000)
    expect(await waiting).toMatchObject({ version: 2 })
    expect(contested.entries.filter(({ reason }) => reason === 'lost')).toEqual([])
  })

  it('is that of a thief where it is younger than the turn, and waited for', async () => {
    const { contested, session, clock, issuer, items } = await createLapsed()
    contested.put({ fate: { revision: 9, claim: { owner: 'another', at: clock.now() + 1 } } })
    const waiting = contested.track(session.acquire())
    await clock.advance(5000)
    expect(issuer.tokenPosts).toBe(0)
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ fate: { claim: { owner: 'another' } } })
    contested.put({ fate: { revision: 99 } })
    await clock.advance(1000)
    expect(await waiting).toMatchObject({ version: 2 })
    expect(contested.entries.filter(({ reason }) => reason === 'lost')).toEqual([])
  })

  it('is not written over where it came after the look of the turn', async () => {
    const contested = createContested()
    const rejected = async (): Promise<never> => {
      contested.put({ fate: { revision: 9, claim: claim(contested) } })
      throw new RefreshError('invalid_grant', { reason: 'rejected' })
    }
    const { session } = contested.openTab({
      refresh: [{ refresh: rejected, spends: false }, contested.issuer.refresh],
    })
    await session.signIn(contested.issuer.signIn().tokens)
    const failure = failureOf(contested.track(session.refresh()))
    await contested.clock.advance(5000)
    expect(JSON.parse(contested.items.get('reauth') ?? '')).toMatchObject({ fate: { claim: { owner: 'another' } } })
    contested.put({ fate: { revision: 99 } })
    await contested.clock.advance(1000)
    expect(await failure).toMatchObject({ reason: 'unavailable' })
    expect(contested.issuer.tokenPosts).toBe(0)
  })

  it('is taken back by one who was robbed of the lock while it was stored, and nothing is sent', async () => {
    const { contested, session, clock, issuer, items } = await createLapsed()
    const { platform } = contested.browser.openPage()
    contested.meddle = {
      before: () => void platform.locks.request('reauth:reauth', { steal: true }, () => clock.advance(0)),
    }
    expect(await failureOf(session.acquire())).toMatchObject({ reason: 'unavailable' })
    expect(issuer.tokenPosts).toBe(0)
    expect(JSON.parse(items.get('reauth') ?? '')).not.toHaveProperty('fate.claim')
  })
})

describe('a record of the same epoch and of somebody else', () => {
  const look: How = (_session, page) => page.tell('visibilitychange')
  const expire: How = (session) => session.expire()
  const other = { tokens: { accessToken: 'A2', refreshToken: 'R2', identity: 'alice' } }

  it.each([
    ['somebody else, at a look', bob, look],
    ['somebody else, where there is something to tell', bob, expire],
    ['the same person, at a look', other, look],
    ['the same person, where there is something to tell', other, expire],
  ])('is taken for another sign-in also with the very numbers of what is held: of %s', async (_who, rival, how) => {
    const contested = createContested()
    const { session, page } = contested.openTab()
    await session.signIn({ accessToken: 'A1', refreshToken: 'R1', identity: 'alice' })
    contested.put(rival)
    how(session, page)
    await contested.clock.advance(0)
    const { identity } = rival.tokens
    expect(session.state).toMatchObject({ epoch: 2, version: 1, identity })
    expect(await session.tokens()).toEqual(rival.tokens)
    expect(JSON.parse(contested.items.get('reauth') ?? '')).toMatchObject({ epoch: 2, version: 1, ...rival })
  })

  it('is taken for another sign-in, by everybody', async () => {
    const contested = createContested()
    const { session, page } = contested.openTab()
    await session.signIn(contested.issuer.signIn().tokens)
    contested.put({ version: 2, ...bob })
    page.tell('visibilitychange')
    await contested.clock.advance(0)
    expect(session.state).toMatchObject({ epoch: 2, version: 2, identity: 'bob' })
    expect(JSON.parse(contested.items.get('reauth') ?? '')).toMatchObject({ epoch: 2, version: 2, identity: 'bob' })
  })
})

describe('the trace of a stored session', () => {
  const told = (desk: Desk, type: string) => desk.entries.filter((entry) => entry.type === type)

  it('tells what was adopted from another tab, once', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first, others } = await openTabs(desk, 2)
    desk.entries.length = 0
    await first.session.refresh()
    await desk.clock.advance(0)
    expect(told(desk, 'adopted')).toMatchObject([{ level: 'info', epoch: 1, version: 2 }])
    others[0]?.page.tell('visibilitychange')
    await desk.clock.advance(0)
    expect(told(desk, 'adopted')).toHaveLength(1)
  })

  it('tells of a wait for the lock, where there was one', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { first } = await openTabs(desk, 1)
    await first.session.refresh()
    expect(told(desk, 'lock-wait')).toEqual([])
    const free = desk.browser.holdLock()
    const waiting = first.session.refresh()
    await desk.clock.advance(100)
    free()
    await waiting
    expect(told(desk, 'lock-wait')).toMatchObject([{ level: 'debug', ms: 100 }])
  })

  it('warns of nothing where the storage is its own lock', async () => {
    const desk = createDesk()
    await desk.open().signIn(desk.issuer.signIn().tokens)
    expect(desk.warnings()).toEqual([])
  })

  it('is not needed for any of that', async () => {
    const { storage, items } = mapStorage()
    const desk = createDesk({ storage })
    items.set('reauth', 'no record')
    const silent: object = { trace: undefined }
    const [one, other] = [desk.openTab(silent), desk.openTab(silent)]
    await one.session.signIn(desk.issuer.signIn().tokens)
    await desk.clock.advance(0)
    expect(other.session.state).toEqual(one.session.state)
    // The lock is given back after a while, and then it is not, so that it is taken.
    const free = desk.browser.holdLock()
    desk.clock.jump(lifetimeMs)
    const waiting = desk.track(one.session.acquire())
    await desk.clock.advance(100)
    free()
    expect(await waiting).toMatchObject({ version: 2 })
    desk.browser.holdLock()
    const stealing = desk.track(one.session.refresh())
    await desk.clock.advance(20_000)
    expect(await stealing).toMatchObject({ version: 3 })
    const { platform } = desk.browser.openPage()
    const elsewhere = desk.open({ ...silent, platform: { ...platform, locks: undefined } })
    expect(elsewhere.state).toEqual(one.session.state)
  })
})
