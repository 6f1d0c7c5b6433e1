import { hold, settle } from '@reauth/testkit'
import { expect, it, vi } from 'vitest'

import type { AcquireOptions } from '../src/credential.ts'
import { disposer } from '../src/disposer.ts'
import { acquireFirst, acquireLive, untilChanged, whenChanged } from '../src/live.ts'
import { staticSource } from '../src/static-source.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

it('belongs to the period that begins when an expired session comes back', async () => {
  const { session, signIn } = createStage()
  await signIn()
  session.expire()
  const live = await acquireLive(session)
  expect(live.credential.version).toBe(2)
  expect(live.ends).toBe(session.signal)
  expect(live.ends.aborted).toBe(false)
})

it('rejects where the user signs out meanwhile: it was theirs', async () => {
  const { session, clock, issuer, signIn } = createStage()
  const { expiresAt = 0 } = await signIn()
  clock.jump(expiresAt)
  const gate = issuer.faults.next(hold())
  const outcome = failureOf(acquireFirst(session))
  await gate.arrived
  void session.signOut()
  expect(await outcome).toMatchObject({ reason: 'signed-out' })
  gate.release()
})

it('has nothing for the first try where nobody is signed in', async () => {
  const { session } = createStage()
  expect(await acquireFirst(session)).toBeUndefined()
})

it('waits for a sign-in, and for nobody once it has come', async () => {
  const { session, signIn } = createStage()
  const looks = vi.spyOn(session, 'signal', 'get')
  const outcome = untilChanged(session, new AbortController().signal)
  await signIn()
  await outcome
  const before = looks.mock.calls.length
  await session.refresh()
  expect(looks).toHaveBeenCalledTimes(before)
})

it.each(['a sign-in', 'giving up', 'a dispose'])('leaves no listener behind after %s', async (end) => {
  const { session, signIn } = createStage()
  const stops = vi.fn<() => void>()
  const subscribe: typeof session.subscribe = (listener) => {
    const stop = session.subscribe(listener)
    return disposer(() => {
      stops()
      stop()
    })
  }
  const leaving = new AbortController()
  const added = vi.spyOn(leaving.signal, 'addEventListener')
  const source = Object.create(session, { subscribe: { value: subscribe } }) as typeof session
  const outcome = untilChanged(source, leaving.signal).catch(() => {})
  if (end === 'a sign-in') await signIn()
  else if (end === 'giving up') leaving.abort()
  else await session[Symbol.asyncDispose]()
  await outcome
  expect(stops).toHaveBeenCalledOnce()
  const [, , options] = added.mock.calls[0] ?? []
  // It is listened to for as long as this is not aborted.
  expect(options).toMatchObject({ signal: { aborted: true } })
})

it('waits for nothing where somebody is signed in', async () => {
  const { session, signIn } = createStage()
  await signIn()
  await expect(untilChanged(session, new AbortController().signal)).resolves.toBeUndefined()
})

it.each([true, false])('rejects with the reason of who leaves (before it waits: %s)', async (isBefore) => {
  const { session } = createStage()
  const leaving = new AbortController()
  if (isBefore) leaving.abort('enough')
  const outcome = failureOf(untilChanged(session, leaving.signal))
  if (!isBefore) leaving.abort('enough')
  expect(await outcome).toBe('enough')
})

it.each([true, false])('ends with the session, though nobody has signed in (before it waits: %s)', async (isBefore) => {
  const { session } = createStage()
  const { signal } = new AbortController()
  if (isBefore) await session[Symbol.asyncDispose]()
  const waiting = untilChanged(session, signal)
  if (!isBefore) await session[Symbol.asyncDispose]()
  await waiting
  expect(await failureOf(acquireFirst(session))).toMatchObject({ name: 'RefreshError', reason: 'disposed' })
})

it('sees who signs in right behind the answer that nobody is', async () => {
  const { session, issuer } = createStage()
  const acquire = (options?: AcquireOptions): ReturnType<typeof session.acquire> =>
    session.acquire(options).catch((error: unknown) => {
      void session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
      throw error
    })
  const source = Object.create(session, { acquire: { value: acquire } }) as typeof session
  expect(await acquireFirst(source)).toBeUndefined()
  await expect(untilChanged(source, new AbortController().signal)).resolves.toBeUndefined()
})

it('hears of new credentials from a source that tells of nothing else', async () => {
  const { session, signIn } = createStage()
  const { subscribe: _subscribe, ...source } = { ...session, signal: session.signal }
  const changed = vi.fn<() => void>()
  const leaving = new AbortController()
  whenChanged(source, changed, leaving.signal)
  await signIn()
  await settle()
  expect(changed).toHaveBeenCalledOnce()
  leaving.abort()
  await session.refresh()
  expect(changed).toHaveBeenCalledOnce()
})

it('stops at once where the signal is aborted before it begins', () => {
  const stop = vi.fn<() => void>()
  const source = { ...staticSource('token', { origins: [] }), subscribe: () => stop as never }
  whenChanged(source, () => {}, AbortSignal.abort())
  expect(stop).toHaveBeenCalledOnce()
})
