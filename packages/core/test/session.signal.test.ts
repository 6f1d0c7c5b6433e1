import { describe, expect, it, vi } from 'vitest'

import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

describe('the signal of a session', () => {
  it('is one for the whole of an active period, also over refreshes and a sign-in of the same person', async () => {
    const { acquire, signIn, session, clock } = createStage()
    await signIn('alice')
    const { signal } = session
    clock.jump(300_000)
    await acquire()
    await signIn('alice')
    expect(session.signal).toBe(signal)
    expect(signal.aborted).toBe(false)
  })

  it('is aborted with the AuthenticationError of the expiry', async () => {
    const { signIn, session } = createStage()
    await signIn()
    const { signal } = session
    session.expire('why')
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ name: 'AuthenticationError', reason: 'expired', cause: 'why' })
    expect(session.signal.aborted).toBe(true)
    expect(session.state).toMatchObject({ error: signal.reason as unknown })
  })

  it('is aborted with the rejection of the issuer', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    issuer.revokeFamily((await session.tokens())?.refreshToken ?? '')
    clock.jump(300_000)
    const { signal } = session
    expect(await failureOf(acquire())).toBe(signal.reason)
  })

  it('is aborted by a sign-out', async () => {
    const { signIn, session } = createStage()
    await signIn()
    const { signal } = session
    void session.signOut()
    expect(signal.reason).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
  })

  it("is aborted by another's sign-in, and theirs is another", async () => {
    const { signIn, session } = createStage()
    await signIn('alice')
    const { signal } = session
    await signIn('bob')
    expect(signal.reason).toMatchObject({ name: 'AuthenticationError', reason: 'switched' })
    expect(session.signal).not.toBe(signal)
    expect(session.signal.aborted).toBe(false)
  })

  it('is aborted while nobody is signed in, and a new one afterwards', async () => {
    const { signIn, session } = createStage()
    const { signal } = session
    expect(signal.reason).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    await signIn()
    expect(session.signal).not.toBe(signal)
    expect(session.signal.aborted).toBe(false)
  })

  it('is a new one for the period after a revival', async () => {
    const { acquire, signIn, session } = createStage()
    await signIn()
    const { signal } = session
    session.expire()
    await acquire()
    expect(signal.aborted).toBe(true)
    expect(session.signal).not.toBe(signal)
    expect(session.signal.aborted).toBe(false)
  })

  it('tells the present end: expired first, signed out then', async () => {
    const { signIn, session } = createStage()
    await signIn()
    session.expire()
    expect(session.signal.reason).toMatchObject({ reason: 'expired' })
    await session.signOut()
    expect(session.signal.reason).toMatchObject({ reason: 'signed-out' })
  })

  it('aborts once per period, and after the state has moved', async () => {
    const { signIn, session } = createStage()
    await signIn()
    const statuses: string[] = []
    session.signal.addEventListener('abort', () => statuses.push(session.state.status))
    session.expire()
    session.expire()
    await session.signOut()
    expect(statuses).toEqual(['expired'])
  })

  it("is the next period's already for those whom the end of the former wakes", async () => {
    const { signIn, session } = createStage()
    await signIn('alice')
    const next = vi.fn<(isAborted: boolean) => void>()
    session.signal.addEventListener('abort', () => {
      next(session.signal.aborted)
    })
    await signIn('bob')
    expect(next).toHaveBeenCalledExactlyOnceWith(false)
  })

  it('may be answered with a sign-out: events are told in the order of what happened', async () => {
    const { signIn, session } = createStage()
    await signIn()
    const heard: string[] = []
    session.on('expired', () => heard.push('expired'))
    session.on('signed-out', () => heard.push('signed-out'))
    session.signal.addEventListener('abort', () => void session.signOut())
    session.expire()
    expect(session.state.status).toBe('signed-out')
    expect(heard).toEqual(['expired', 'signed-out'])
  })

  it('may be answered with another try: the session revives', async () => {
    const { acquire, signIn, session } = createStage()
    await signIn()
    const tries: Promise<unknown>[] = []
    session.signal.addEventListener('abort', () => tries.push(acquire()))
    session.expire()
    expect(await Promise.all(tries)).toMatchObject([{ epoch: 1, version: 2 }])
    expect(session.state.status).toBe('active')
    expect(session.signal.aborted).toBe(false)
  })

  it("may be answered with another try, which gets the next one's credential", async () => {
    const { acquire, signIn, session } = createStage()
    await signIn('alice')
    const tries: Promise<unknown>[] = []
    session.signal.addEventListener('abort', () => tries.push(acquire()))
    const bob = await signIn('bob')
    expect(await Promise.all(tries)).toEqual([bob])
  })
})
