import { hold, inOrder, settle, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage } from './support/stage.ts'

const expired = { name: 'AuthenticationError', code: 401, reason: 'expired' }

describe('expire', () => {
  it('expires the session, and tells with what', async () => {
    const { signIn, session } = createStage()
    await signIn()
    const cause = new Error('The API said so')
    session.expire(cause)
    expect(session.state).toMatchObject({ status: 'expired', error: { ...expired, cause } })
    expect(await session.tokens()).toBeDefined()
  })

  it('is followed by a silent revival with the next call (D1)', async () => {
    const { acquire, signIn, session, issuer } = createStage()
    await signIn()
    session.expire()
    expect(await acquire()).toMatchObject({ epoch: 1, version: 2 })
    expect(session.state.status).toBe('active')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('does nothing to a session that is not active', async () => {
    const { signIn, session } = createStage()
    session.expire()
    expect(session.state.status).toBe('signed-out')
    await signIn()
    session.expire('first')
    const { state } = session
    session.expire('second')
    expect(session.state).toBe(state)
  })

  it('fails the revival with what keeps it from being, and stays expired', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    session.expire()
    issuer.faults.next(status(503))
    expect(await failureOf(acquire())).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(session.state.status).toBe('expired')
    clock.jump(1000)
    expect(await acquire()).toMatchObject({ version: 2 })
  })

  it.each<[string, (stage: Stage, refused: Credential) => Promise<unknown>]>([
    ['acquire', ({ session }) => session.acquire()],
    ['refused', ({ session }, refused) => session.acquire({ refused })],
    ['refresh', ({ session }) => session.refresh()],
  ])('may be what follows a failure, and a new try what follows that: %s (I7)', async (_, fail) => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    const credential = await signIn()
    clock.jump(300_000)
    issuer.faults.next(status(503))
    const again = fail(stage, credential).catch(() => {
      session.expire()
      return acquire()
    })
    const settled = vi.fn<() => void>()
    again.then(settled, settled)
    await settle()
    expect(settled).toHaveBeenCalledOnce()
  })
})

describe('a session that expires during a refresh', () => {
  it('keeps what the refresh brings (D12)', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const waiting = failureOf(acquire())
    await gate.arrived
    session.expire()
    expect(await waiting).toMatchObject({ reason: 'expired' })
    gate.release()
    await clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', version: 2 })
    expect(await acquire()).toMatchObject({ version: 2 })
    expect(issuer.refreshes).toBe(1)
  })

  it('lets those who ask from then on wait for it, as the next call tries the tokens', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    void failureOf(acquire())
    await gate.arrived
    session.expire()
    const next = acquire()
    const asked = session.refresh()
    gate.release()
    expect(await next).toMatchObject({ version: 2 })
    expect(await asked).toMatchObject({ version: 2 })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('stays expired where the refresh fails', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    const gate = hold()
    issuer.faults.next(inOrder(gate, status(503)))
    void failureOf(acquire())
    await gate.arrived
    session.expire()
    const next = failureOf(acquire())
    gate.release()
    expect(await next).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(session.state.status).toBe('expired')
  })
})
