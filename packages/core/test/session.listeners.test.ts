import { settle, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { SessionEvents } from '../src/session-events.ts'
import type { Session } from '../src/session.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'
import { collectUncaught } from './support/uncaught.ts'

const types = ['signed-in', 'refreshed', 'refresh-failed', 'expired', 'signed-out', 'refused'] as const

/** Collects every event, with its type. */
function listen(session: Session): [keyof SessionEvents, unknown][] {
  const heard: [keyof SessionEvents, unknown][] = []
  for (const type of types) session.on(type, (event) => heard.push([type, event]))
  return heard
}

describe('subscribe', () => {
  it('calls for every change of the state, when it has moved', async () => {
    const { acquire, signIn, session, clock } = createStage()
    const seen: string[] = []
    session.subscribe(() => seen.push(session.state.status))
    await signIn()
    clock.jump(300_000)
    await acquire()
    session.expire()
    await session.signOut()
    expect(seen).toEqual(['active', 'active', 'expired', 'signed-out'])
  })

  it('does not call while the state stays the same reference, and the other way round', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    const { state } = session
    const changed = vi.fn<() => void>()
    session.subscribe(changed)
    issuer.faults.next(status(503), 2)
    await failureOf(refuse(credential))
    clock.jump(1000)
    await failureOf(session.refresh())
    await failureOf(refuse(credential, true))
    await acquire()
    await session.tokens()
    expect(session.state).toBe(state)
    expect(changed).not.toHaveBeenCalled()
    await session.refresh()
    expect(session.state).not.toBe(state)
    expect(changed).toHaveBeenCalledOnce()
  })

  it('stops by its disposer, once and for itself', async () => {
    const { signIn, session } = createStage()
    const changed = vi.fn<() => void>()
    const stop = session.subscribe(changed)
    session.subscribe(changed)
    stop()
    stop[Symbol.dispose]()
    await signIn()
    expect(changed).toHaveBeenCalledOnce()
  })

  it('lets no throwing listener harm the others, or the caller', async () => {
    const uncaught = collectUncaught()
    const { acquire, signIn, session, clock } = createStage()
    await signIn()
    const changed = vi.fn<() => void>()
    session.subscribe(() => {
      throw new Error('first')
    })
    session.on('refreshed', () => {
      throw new Error('second')
    })
    session.subscribe(changed)
    session.on('refreshed', changed)
    clock.jump(300_000)
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(changed).toHaveBeenCalledTimes(2)
    await settle()
    expect(uncaught.map(String)).toEqual(['Error: first', 'Error: second'])
  })
})

describe('on', () => {
  it('tells of a life from sign-in to sign-out', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const heard = listen(session)
    const credential = await signIn()
    clock.jump(300_000)
    await acquire()
    issuer.faults.next(status(503))
    const failure = await failureOf(session.refresh())
    await refuse(credential)
    session.expire('why')
    await session.signOut()
    expect(heard).toEqual([
      ['signed-in', { epoch: 1, version: 1, identity: 'https://issuer.test#alice' }],
      ['refreshed', { epoch: 1, version: 2, reason: 'stale' }],
      ['refresh-failed', { error: failure }],
      ['refused', { version: 1 }],
      ['expired', { error: expect.objectContaining({ reason: 'expired', cause: 'why' }) as unknown }],
      ['signed-out', { epoch: 2 }],
    ])
  })

  it('tells nothing of an identity that nobody knows', async () => {
    const { session } = createStage()
    const heard = listen(session)
    await session.signIn({ accessToken: 'A' })
    expect(heard).toEqual([['signed-in', { epoch: 1, version: 1 }]])
  })

  it('tells of a rejection as what failed and as the expiry that follows, once each', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    clock.jump(300_000)
    const heard = listen(session)
    const errors = await Promise.all([acquire(), acquire(), acquire()].map(failureOf))
    await failureOf(acquire())
    expect(heard.map(([type]) => type)).toEqual(['refresh-failed', 'expired'])
    expect(heard[0]?.[1]).toMatchObject({ error: { name: 'RefreshError', reason: 'rejected' } })
    expect(heard[1]?.[1]).toMatchObject({ error: errors[0] })
  })

  it('is heard after the state has moved, and before those who wait go on', async () => {
    const { acquire, signIn, session, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const order: unknown[] = []
    session.on('refreshed', ({ version }) => order.push(session.state, version))
    await acquire()
    order.push('goes on')
    expect(order).toEqual([expect.objectContaining({ version: 2 }), 2, 'goes on'])
  })
})

describe('a listener', () => {
  it.each<[string, (session: Session) => Promise<unknown>]>([
    ['acquires', (session) => session.acquire()],
    ['refreshes', (session) => session.refresh()],
    ['reports a refusal', async (session) => session.acquire({ refused: await session.acquire() })],
    ['signs out', (session) => session.signOut()],
    ['signs in', (session) => session.signIn({ accessToken: 'A', identity: 'me' })],
    ['disposes', (session) => session[Symbol.asyncDispose]()],
  ])('that %s inside and waits for it does not deadlock', async (_, act) => {
    const { signIn, session, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const done: Promise<unknown>[] = []
    const stop = session.on('refreshed', () => {
      stop()
      done.push(act(session))
    })
    await session.refresh().catch(() => {})
    expect(done).toHaveLength(1)
    await Promise.all(done)
  })

  it('that signs out inside leaves everybody with the same order of events', async () => {
    const { signIn, session } = createStage()
    const order: string[] = []
    session.on('signed-in', () => void session.signOut())
    session.on('signed-in', () => order.push('signed-in'))
    session.on('signed-out', () => order.push('signed-out'))
    await failureOf(signIn())
    expect(order).toEqual(['signed-in', 'signed-out'])
    expect(session.state.status).toBe('signed-out')
  })

  it('that starts a refresh over and over ends with the first failure', async () => {
    const { signIn, session, issuer } = createStage()
    await signIn()
    issuer.faults.next(status(503))
    const failures: unknown[] = []
    session.on('refresh-failed', () => void session.acquire().catch((error: unknown) => failures.push(error)))
    await failureOf(session.refresh())
    await settle()
    expect(issuer.tokenPosts).toBe(1)
  })
})
