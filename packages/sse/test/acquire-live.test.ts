import type { AcquireOptions } from '@reauth/core'
import { hold, settle } from '@reauth/testkit'
import { expect, it, vi } from 'vitest'

import { acquireLive } from '../src/acquire-live.ts'
import { failureOf } from './support/failure-of.ts'
import { setScene } from './support/scripted.ts'

it('belongs to the period that begins when an expired session comes back', async () => {
  const { session } = setScene()
  session.expire()
  const { signal } = new AbortController()
  const live = await acquireLive(session, { signal }, false)
  expect(live?.credential.version).toBe(2)
  expect(live?.ends).toBe(session.signal)
  expect(live?.ends.aborted).toBe(false)
})

it('does not wait for the next user where somebody signs out meanwhile', async () => {
  const { session, issuer, clock } = setScene()
  clock.jump(3_600_000)
  const gate = issuer.faults.next(hold())
  const outcome = failureOf(acquireLive(session, { signal: new AbortController().signal }, false))
  await gate.arrived
  void session.signOut()
  expect(await outcome).toMatchObject({ reason: 'signed-out' })
  gate.release()
})

it('sees who signs in right behind the answer that nobody is', async () => {
  const { session, issuer } = setScene({ isSignedOut: true })
  const { tokens } = issuer.signIn()
  const acquire = (options?: AcquireOptions): ReturnType<typeof session.acquire> =>
    session.acquire(options).catch((error: unknown) => {
      void session.signIn(tokens)
      throw error
    })
  const source = Object.create(session, { acquire: { value: acquire } }) as typeof session
  const live = await acquireLive(source, { signal: new AbortController().signal }, false)
  expect(live?.credential.accessToken).toBe(tokens.accessToken)
})

it('sees who gives up right behind the answer that nobody is there', async () => {
  const { session } = setScene({ isSignedOut: true })
  const giveUp = new AbortController()
  const acquire = (options?: AcquireOptions): ReturnType<typeof session.acquire> =>
    session.acquire(options).catch((error: unknown) => {
      giveUp.abort('enough')
      throw error
    })
  const source = Object.create(session, { acquire: { value: acquire } }) as typeof session
  expect(await failureOf(acquireLive(source, { signal: giveUp.signal }, false))).toBe('enough')
})

it('holds the session no longer than it waits', async () => {
  const { session, issuer } = setScene({ isSignedOut: true })
  const holds = vi.spyOn(session, 'hold')
  const waiting = acquireLive(session, { signal: new AbortController().signal }, false)
  await settle()
  const onCredential = vi.spyOn(holds.mock.calls[0]?.[0] as { onCredential(): void }, 'onCredential')
  await session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
  expect((await waiting)?.credential.version).toBe(1)
  await session.refresh()
  expect(holds).toHaveBeenCalledOnce()
  expect(onCredential).toHaveBeenCalledOnce()
})
