import { dropAnswer, dropRequest, status } from '@reauth/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import type { TraceEntry } from '../src/trace.ts'
import { createDesk } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'
import { createStage, type Stage } from './support/stage.ts'
import { collectUncaught } from './support/uncaught.ts'

/** The level and reason of what failed. */
function failureIn(entries: TraceEntry[]): unknown {
  return entries.filter(({ type }) => type === 'refresh-failed').map(({ level, reason }) => ({ level, reason }))
}

describe('the trace', () => {
  it('tells a life, flat, with the time and the names', async () => {
    const { acquire, signIn, session, entries, clock } = createStage({ name: 'main' })
    const at = clock.now()
    await signIn()
    clock.jump(300_000)
    await acquire()
    await session.signOut()
    const shared = { session: 'main' }
    expect(entries).toEqual([
      { ...shared, type: 'signed-in', level: 'info', at, epoch: 1, version: 1 },
      { ...shared, type: 'refresh-start', level: 'debug', at: at + 300_000, epoch: 1, version: 1, reason: 'stale' },
      { ...shared, type: 'refreshed', level: 'info', at: at + 300_000, epoch: 1, version: 2, reason: 'stale' },
      { ...shared, type: 'signed-out', level: 'info', at: at + 300_000, epoch: 2 },
    ])
  })

  it('names the issuer, where it is told (D8)', async () => {
    const entries: TraceEntry[] = []
    const { createSession } = await import('../src/session.ts')
    const trace = (entry: TraceEntry): number => entries.push(entry)
    const session = createSession({
      refresh: () => Promise.reject(new Error('no')),
      issuer: 'https://issuer.test',
      trace,
    })
    await session.signIn({ accessToken: 'A' })
    await failureOf(session.refresh())
    expect(entries.map(({ issuer }) => issuer)).toEqual(Array(entries.length).fill('https://issuer.test'))
    expect(entries[0]?.session).toBe('reauth')
  })

  it('tells a failed storage as an error', async () => {
    const { open, issuer, entries } = createDesk({
      storage: {
        getItem: () => null,
        setItem() {
          throw new Error('The disk is full')
        },
        removeItem() {},
        request: (_name, _options, callback) => callback(),
      },
    })
    await open().signIn(issuer.signIn().tokens)
    expect(entries.filter(({ type }) => type === 'persist-failed')).toMatchObject([{ level: 'error' }])
  })

  it('tells why a token was refreshed ahead: it had become stale', async () => {
    const { signIn, session, clock, entries } = createStage()
    await signIn()
    const dispose = session.hold()
    await clock.advance(250_000)
    expect(entries.filter(({ type }) => type === 'refreshed')).toMatchObject([{ reason: 'stale', version: 2 }])
    dispose()
  })

  it('tells of no failure where the session was disposed while it waited for the lock', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    const free = desk.browser.holdLock()
    const waiting = failureOf(session.refresh())
    await desk.clock.advance(0)
    await session[Symbol.asyncDispose]()
    expect(await waiting).toMatchObject({ reason: 'disposed' })
    expect(desk.entries.map(({ type }) => type)).toEqual(['signed-in'])
    free()
  })

  it('tells of no refresh where another tab has refreshed by the time that the lock is free', async () => {
    const desk = createDesk({ storage: mapStorage().storage })
    const [one, other] = [desk.openTab(), desk.openTab()]
    await one.session.signIn(desk.issuer.signIn().tokens)
    await desk.clock.advance(0)
    other.page.mute()
    desk.clock.jump(300_000)
    expect(await Promise.all([one.session.acquire(), other.session.acquire()])).toMatchObject([
      { version: 2 },
      { version: 2 },
    ])
    expect(desk.entries.filter(({ type }) => type === 'refresh-start')).toHaveLength(1)
  })

  it.each([
    ['unavailable', undefined, 'warn'],
    ['unavailable', new Error('A bug?'), 'warn'],
    ['lost', new Error('A bug?'), 'error'],
    ['lost', new TypeError('fetch failed'), 'warn'],
    ['rejected', undefined, 'error'],
  ] as const)(
    'tells a warning from an error where there is no refresh token (D8): %s, %s',
    async (reason, cause, level) => {
      const { session, entries } = createStage({
        refresh: () => Promise.reject(new RefreshError('No', { reason, cause })),
      })
      await session.signIn({ accessToken: 'A' })
      await failureOf(session.refresh())
      expect(failureIn(entries)).toEqual([{ level, reason }])
    },
  )

  it.each([
    ['invalid_grant', status(400, { body: { error: 'invalid_grant' } }), { level: 'warn', reason: 'rejected' }],
    ['a network error', dropRequest(), { level: 'warn', reason: 'lost' }],
    ['503', status(503), { level: 'warn', reason: 'unavailable' }],
    ['a wrong answer', status(200, { body: {} }), { level: 'error', reason: 'misconfigured' }],
  ])('tells a warning from an error (D8): %s', async (_, fault, failure) => {
    const { signIn, session, issuer, entries } = createStage()
    await signIn()
    issuer.faults.next(fault)
    await failureOf(session.refresh())
    expect(failureIn(entries)).toEqual([failure])
  })

  it('takes a missing refresh token for an error (D8)', async () => {
    const { session, entries } = createStage()
    await session.signIn({ accessToken: 'A' })
    await failureOf(session.refresh())
    expect(failureIn(entries)).toEqual([{ level: 'error', reason: 'rejected' }])
  })

  it.each([[new RangeError('mine')], ['text'], [{ status: 418 }]])(
    'takes an unknown failure for an error (D8): %s',
    async (cause) => {
      const { session, entries } = createStage({ refresh: () => Promise.reject(cause) })
      await session.signIn({ accessToken: 'A', refreshToken: 'R' })
      await failureOf(session.refresh())
      expect(failureIn(entries)).toEqual([{ level: 'error', reason: 'lost' }])
    },
  )

  it('tells of an expiry, of a refusal, and of neither twice', async () => {
    const { refuse, signIn, session, entries } = createStage({ expireWhenRefused: true })
    const credential = await signIn()
    entries.length = 0
    await failureOf(refuse(credential, true))
    session.expire()
    expect(entries.map(({ type, level, reason }) => ({ type, level, reason }))).toEqual([
      { type: 'refused', level: 'info', reason: undefined },
      { type: 'expired', level: 'warn', reason: 'refused' },
    ])
  })

  it('may throw: nobody is harmed', async () => {
    const uncaught = collectUncaught()
    const { signIn, session } = createStage({
      trace: () => {
        throw new Error('mine')
      },
    })
    await signIn()
    expect(await session.refresh()).toMatchObject({ version: 2 })
    expect(uncaught.length).toBeGreaterThan(0)
  })

  it('takes what adapters tell, under the name of the session', () => {
    const { session, entries, clock } = createStage({ name: 'main' })
    session.trace?.({ type: 'replay', level: 'info', id: '7', origin: 'https://api.example.com' })
    const entry = { type: 'replay', level: 'info', id: '7', origin: 'https://api.example.com' }
    expect(entries).toEqual([{ ...entry, session: 'main', at: clock.now() }])
  })
})

describe('no token', () => {
  const secret = new RegExp(/(access|refresh)_\d+_of_|e30\.|eyJ/)
  const acts: Record<string, (stage: Stage) => unknown> = {
    acquire: ({ acquire }) => acquire(),
    lapse: ({ clock }) => {
      clock.jump(300_000)
    },
    refresh: ({ session }) => session.refresh(),
    refuse: async ({ session }) => session.acquire({ refused: await session.acquire() }),
    final: async ({ session }) => session.acquire({ refused: await session.acquire(), final: true }),
    expire: ({ session }) => {
      session.expire()
    },
    signOut: ({ session }) => session.signOut(),
    alice: ({ signIn }) => signIn('alice'),
    bob: ({ signIn }) => signIn('bob'),
    revoke: async ({ session, issuer }) => {
      const tokens = await session.tokens()
      if (tokens?.refreshToken !== undefined) issuer.revokeFamily(tokens.refreshToken)
    },
    unavailable: ({ issuer }) => issuer.faults.next(status(503)),
    lost: ({ issuer }) => issuer.faults.next(dropAnswer()),
    thrown: ({ issuer }) =>
      issuer.faults.next(({ exchange }) => {
        throw new RefreshError('no', { reason: 'unavailable', cause: exchange })
      }),
  }

  it('stands in any trace, event, state or error (I8)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 25 }), async (names) => {
        const stage = createStage({ issuing: { graceMs: 1e9 } })
        const { session, issuer, entries } = stage
        const shown: unknown[] = []
        session.subscribe(() => shown.push(session.state))
        for (const type of ['signed-in', 'refreshed', 'refresh-failed', 'expired', 'signed-out', 'refused'] as const) {
          session.on(type, (event) => shown.push(event))
        }
        await stage.signIn()
        for (const name of names) {
          try {
            await acts[name]?.(stage)
          } catch (error) {
            shown.push(error, String(error))
          }
        }
        issuer.faults.clear()
        const text = JSON.stringify([entries, shown, session.state, session.signal.reason])
        expect(text).not.toMatch(secret)
        expect(issuer.isTokenIn(text)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})
