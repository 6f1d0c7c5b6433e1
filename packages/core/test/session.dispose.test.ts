import { hold, holdAnswer } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createSession } from '../src/session.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

const disposed = { name: 'RefreshError', reason: 'disposed' }

describe('a session that is disposed', () => {
  it('ends every wait with a RefreshError of reason `disposed`', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const waits = [acquire(), refuse(credential), session.refresh()].map(failureOf)
    await gate.arrived
    void session[Symbol.asyncDispose]()
    for (const wait of waits) expect(await wait).toMatchObject(disposed)
    gate.release()
  })

  it('ends an early wait, too, though the token still lives', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(280_000)
    const gate = issuer.faults.next(hold())
    const wait = failureOf(acquire())
    await gate.arrived
    void session[Symbol.asyncDispose]()
    gate.release()
    expect(await wait).toMatchObject(disposed)
  })

  it('still stores the answer that is in flight, and resolves then (I7)', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    const before = await session.tokens()
    clock.jump(300_000)
    const gate = issuer.faults.next(holdAnswer())
    void failureOf(acquire())
    await gate.arrived
    const isOver = vi.fn<() => void>()
    const done = session[Symbol.asyncDispose]().then(isOver)
    await clock.advance(0)
    expect(isOver).not.toHaveBeenCalled()
    gate.release()
    await done
    const after = await session.tokens()
    expect(after?.refreshToken).toBeDefined()
    expect(after?.refreshToken).not.toBe(before?.refreshToken)
  })

  it('waits for a request to its hard cap and no longer, and leaves no timer', async () => {
    const { session, clock } = createStage({ refresh: () => new Promise(() => {}) })
    await session.signIn({ accessToken: 'A', refreshToken: 'R' })
    void failureOf(session.refresh())
    const isOver = vi.fn<() => void>()
    void session[Symbol.asyncDispose]().then(isOver)
    await clock.advance(89_999)
    expect(isOver).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(isOver).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  it('waits for every request, also that of somebody who has left', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn('alice')
    clock.jump(300_000)
    const gates = [issuer.faults.next(hold()), issuer.faults.next(hold())]
    void failureOf(acquire())
    await gates[0]?.arrived
    await signIn('bob')
    void failureOf(session.refresh())
    await gates[1]?.arrived
    const isOver = vi.fn<() => void>()
    const done = session[Symbol.asyncDispose]().then(isOver)
    gates[1]?.release()
    await clock.advance(0)
    expect(isOver).not.toHaveBeenCalled()
    gates[0]?.release()
    await done
  })

  it('tells its listeners nothing any more', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const heard = vi.fn<() => void>()
    session.subscribe(heard)
    session.on('refreshed', heard)
    session.on('signed-out', heard)
    const gate = issuer.faults.next(hold())
    void failureOf(acquire())
    await gate.arrived
    const done = session[Symbol.asyncDispose]()
    gate.release()
    await done
    await session.signOut()
    expect(heard).not.toHaveBeenCalled()
  })

  it('gives nothing any more, and asks nobody', async () => {
    const { acquire, refuse, signIn, session, issuer, clock } = createStage()
    const credential = await signIn()
    await session[Symbol.asyncDispose]()
    clock.jump(300_000)
    for (const late of [acquire(), refuse(credential), refuse(credential, true), session.refresh()]) {
      expect(await failureOf(late)).toMatchObject(disposed)
    }
    expect(await failureOf(session.signIn({ accessToken: 'A' }))).toMatchObject(disposed)
    expect(issuer.tokenPosts).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('may be disposed twice, and by `await using`', async () => {
    const { signIn, session } = createStage()
    await signIn()
    await Promise.all([session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()])
    {
      await using other = createSession({ refresh: async () => ({ accessToken: 'B' }) })
      await other.signIn({ accessToken: 'A' })
    }
    expect(await session[Symbol.asyncDispose]()).toBeUndefined()
  })
})
