import { createHarness, type IssuerOptions } from '@reauth/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createKeyedLock } from '../src/keyed-lock.ts'
import { createSession, type Session } from '../src/session.ts'
import type { SessionOptions } from '../src/session-options.ts'
import type { TokenStorage } from '../src/storage.ts'
import type { TraceEntry } from '../src/trace.ts'
import { failureOf } from './support/failure-of.ts'
import { swappingStorage } from './support/swapping-storage.ts'

/** A storage of which each tab sees a copy of its own, as old as a test pleases. */
function createIncoherentStorage() {
  const truth = new Map<string, string>()
  return {
    truth,
    /** Returns what one tab sees, and what brings that up to date. */
    open() {
      let seen = new Map(truth)
      const storage: TokenStorage = {
        getItem: (key) => seen.get(key) ?? null,
        setItem(key, value) {
          seen.set(key, value)
          truth.set(key, value)
        },
        removeItem(key) {
          seen.delete(key)
          truth.delete(key)
        },
      }
      return {
        storage,
        catchUp: () => {
          seen = new Map(truth)
        },
      }
    },
  }
}

interface DeskOptions {
  ledger?: TokenStorage
  issuing?: Omit<IssuerOptions, 'clock'>
}

function createDesk(options: DeskOptions = {}) {
  const { clock, issuer, track, verify } = createHarness(options.issuing)
  const { open, truth } = createIncoherentStorage()
  const lock = createKeyedLock()
  const ledger = options.ledger ?? swappingStorage()
  const entries: TraceEntry[] = []
  const sessions: Session[] = []
  onTestFinished(async () => {
    const disposed = Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
    await clock.advance(20_000)
    await disposed
    await verify()
  })
  return {
    clock,
    issuer,
    ledger,
    truth,
    entries,
    track,
    openTab(given: Partial<SessionOptions> = {}) {
      const { storage, catchUp } = open()
      const session = createSession({
        refresh: issuer.refresh,
        storage,
        trace: (entry) => entries.push(entry),
        platform: {
          ...clock,
          locks: { request: (name, how, task) => lock.run(name, task, how as { signal: AbortSignal }) },
          ledgerOf: (of) => (of === storage ? ledger : undefined),
        },
        ...given,
      })
      sessions.push(session)
      return { session, storage, catchUp }
    },
  }
}

/** Two tabs, signed in, with a token that has lapsed; the first has refreshed it, and the second has not seen that. */
async function createStaleTab(options?: DeskOptions) {
  const desk = createDesk(options)
  const first = desk.openTab()
  await first.session.signIn(desk.issuer.signIn().tokens)
  const second = desk.openTab()
  desk.clock.jump(300_000)
  const credential = await first.session.acquire()
  return { ...desk, first, second, credential }
}

describe('a storage that is not coherent across tabs', () => {
  it('is waited for when the ledger says that a tab is ahead', async () => {
    const { second, clock, issuer, track, credential } = await createStaleTab()
    const waiting = track(second.session.acquire())
    await clock.advance(1000)
    expect(issuer.refreshes).toBe(1)
    second.catchUp()
    await clock.advance(50)
    expect((await waiting).accessToken).toBe(credential.accessToken)
    expect(issuer.refreshes).toBe(1)
  })

  it('makes the refresh unavailable when it does not come through, and no token is presented', async () => {
    const { second, clock, issuer, track } = await createStaleTab()
    const waiting = failureOf(track(second.session.acquire()))
    await clock.advance(3000)
    expect(await waiting).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(second.session.state.status).toBe('active')
    second.catchUp()
    expect(await second.session.acquire()).toMatchObject({ version: 2 })
    expect(issuer.refreshes).toBe(1)
  })

  it('is believed again once what is missing must have been lost with the browser', async () => {
    // An issuer that does not rotate: what was written last is gone, and the former refresh token still works.
    const { second, clock, issuer, track } = await createStaleTab({ issuing: { rotate: false } })
    clock.jump(88_000)
    const waiting = failureOf(track(second.session.acquire()))
    await clock.advance(2000)
    expect(await waiting).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(issuer.refreshes).toBe(1)
    const renewed = track(second.session.acquire())
    await clock.advance(20_000)
    expect(issuer.check((await renewed).accessToken ?? '')).toBe('ok')
    expect(issuer.refreshes).toBe(2)
  })

  it('is believed where its ledger knows nothing, and where it has nothing itself', async () => {
    const { openTab, issuer, ledger, truth, entries } = createDesk()
    await openTab().session.signIn(issuer.signIn().tokens)
    const mark = String(await ledger.getItem('reauth'))
    await ledger.removeItem('reauth')
    const second = openTab()
    expect(await second.session.refresh()).toMatchObject({ version: 2 })
    await ledger.setItem('reauth', mark)
    truth.delete('reauth')
    const third = openTab()
    await third.session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    expect(JSON.parse(truth.get('reauth') ?? '')).toMatchObject({ identity: 'https://issuer.test#bob' })
    expect(entries.filter(({ type }) => type === 'persist-failed')).toEqual([])
  })

  it('tells of a sign-out, above which the next sign-in goes', async () => {
    const { openTab, issuer } = createDesk()
    const { session } = openTab()
    await session.signIn(issuer.signIn().tokens)
    await session.signOut()
    const next = openTab().session
    await next.ready
    await next.signIn(issuer.signIn().tokens)
    expect(next.state).toMatchObject({ epoch: 3 })
  })

  it('never has tokens in its ledger', async () => {
    const { ledger, credential, truth } = await createStaleTab()
    const entry = String(await ledger.getItem('reauth'))
    expect(JSON.parse(entry)).toMatchObject({ epoch: 1, version: 2, tokens: {} })
    expect(entry).not.toContain(credential.accessToken)
    expect(truth.get('reauth')).toContain(credential.accessToken)
  })

  it('tells of a refresh that another tab has begun, though the item does not', async () => {
    const { first, second, ledger, clock, truth } = await createStaleTab()
    second.catchUp()
    clock.jump(300_000)
    const record = JSON.parse(truth.get('reauth') ?? '') as object
    const claim = { owner: 'another', at: clock.now() }
    await ledger.setItem('reauth', JSON.stringify({ ...record, tokens: {}, fate: { revision: 9, claim } }))
    const failure = await failureOf(second.session.acquire())
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'lost' })
    await first.session.signOut()
  })

  it('gives way to a rival that swapped the ledger first', async () => {
    const { first, ledger, clock, truth, issuer } = await createStaleTab()
    clock.jump(300_000)
    const inner = ledger.replaceItem?.bind(ledger)
    let isRival = true
    Object.assign(ledger, {
      async replaceItem(key: string, expected: unknown, next: string) {
        if (isRival) await ledger.setItem(key, String(expected).replace('{', '{"rival":1,'))
        isRival = false
        return inner?.(key, expected, next)
      },
    })
    expect(await first.session.acquire()).toMatchObject({ version: 3 })
    expect(JSON.parse(truth.get('reauth') ?? '')).toMatchObject({ version: 3 })
    expect(issuer.refreshes).toBe(2)
  })

  it('puts the ledger back when it is full', async () => {
    const { first, ledger, clock, issuer } = await createStaleTab()
    const before = await ledger.getItem('reauth')
    Object.assign(first.storage, {
      setItem() {
        throw new Error('QuotaExceededError')
      },
    })
    clock.jump(300_000)
    expect(await first.session.acquire()).toMatchObject({ version: 3 })
    expect(await ledger.getItem('reauth')).toBe(before)
    expect(issuer.refreshes).toBe(2)
  })

  it('leaves no entry behind when the very first write fails', async () => {
    const { openTab, issuer, ledger } = createDesk()
    const { session, storage } = openTab()
    const failures: unknown[] = []
    session.on('persist-failed', ({ cause }) => failures.push(cause))
    Object.assign(storage, {
      setItem() {
        throw new Error('QuotaExceededError')
      },
    })
    await session.signIn(issuer.signIn().tokens)
    expect(await ledger.getItem('reauth')).toBeNull()
    expect(failures).toEqual([expect.objectContaining({ message: 'QuotaExceededError' })])
    expect(session.state.status).toBe('active')
  })

  it('forgets the entry with a sign-out', async () => {
    const { first, ledger, truth } = await createStaleTab()
    await first.session.signOut()
    expect(await ledger.getItem('reauth')).toBeNull()
    expect([...truth]).toEqual([['reauth.epoch', '2:2']])
  })

  it('is given a moment where there is no ledger to be had, as in some privacy modes', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('SecurityError'))
    const ledger = { getItem: broken, setItem: broken, removeItem: broken, replaceItem: broken }
    const { openTab, issuer, clock, track } = createDesk({ ledger })
    const { session } = openTab()
    const signedIn = session.signIn(issuer.signIn().tokens)
    await clock.advance(1000)
    await signedIn
    clock.jump(300_000)
    const waiting = track(session.acquire())
    await clock.advance(1000)
    expect(await waiting).toMatchObject({ version: 2 })
    const signedOut = session.signOut()
    await clock.advance(1000)
    await signedOut
    expect(session.state.status).toBe('signed-out')
  })
})
