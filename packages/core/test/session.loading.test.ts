import { describe, expect, it, vi } from 'vitest'

import { createCookieSession } from '../src/cookie-session.ts'
import type { Credential } from '../src/credential.ts'
import { asyncStorage } from './support/async-storage.ts'
import { createDesk, type Desk, listen } from './support/desk.ts'
import { mapStorage } from './support/map-storage.ts'

/** A desk in whose storage somebody has signed in before, and whose answers take a turn. */
async function createStored(isExpired = false): Promise<Desk & { readonly epoch: number }> {
  const desk = createDesk()
  const former = desk.open()
  for (const identity of ['carol', 'dave', 'alice']) await former.signIn(desk.issuer.signIn({ identity }).tokens)
  if (isExpired) former.expire()
  await former[Symbol.asyncDispose]()
  return { ...desk, epoch: 3 }
}

describe('a sign-in while the session is loading', () => {
  it('gives nothing out before it has found its place above what is stored', async () => {
    const { open, storage, issuer, epoch } = await createStored()
    const session = open({ storage: asyncStorage(storage) })
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    expect(session.state).toMatchObject({ status: 'active', epoch: 1 })
    expect(await session.acquire()).toMatchObject({ epoch: epoch + 1, identity: 'https://issuer.test#bob' })
  })

  it('goes on under its new number: its signal is not aborted, and who holds it hears of what comes', async () => {
    const { open, storage, issuer, epoch } = await createStored()
    const session = open({ storage: asyncStorage(storage) })
    const heard: Credential[] = []
    const ends: unknown[] = []
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    const { signal } = session
    const dispose = session.hold({
      onCredential: (credential) => heard.push(credential),
      onEnd: (end) => ends.push(end),
    })
    const { version } = await session.acquire()
    await session.refresh()
    expect(heard.map((credential) => credential.epoch)).toEqual([epoch + 1, epoch + 1])
    expect(heard.map((credential) => credential.version)).toEqual([version, version + 1])
    expect(ends).toEqual([])
    expect(signal.aborted).toBe(false)
    expect(session.signal).toBe(signal)
    dispose()
  })

  it('is refreshed ahead for who holds it', async () => {
    const { open, storage, issuer, clock } = await createStored()
    const session = open({ storage: asyncStorage(storage) })
    const refreshed = new Promise((resolve) => {
      session.on('refreshed', resolve)
    })
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    const dispose = session.hold()
    const { version } = await session.acquire()
    await clock.advance(200_000)
    expect(await refreshed).toMatchObject({ version: version + 1, reason: 'stale' })
    dispose()
  })

  it('is told once, and without an identity where none is known', async () => {
    const { open, storage } = await createStored()
    const session = open({ storage: asyncStorage(storage) })
    const heard: unknown[] = []
    session.on('signed-in', (event) => heard.push(event))
    await session.signIn({ accessToken: 'A' })
    expect(heard).toStrictEqual([{ epoch: 1, version: 1 }])
  })

  it('leaves nobody to be asked who is signed in', async () => {
    const desk = createDesk()
    const restore = vi.fn<() => Promise<undefined>>(async () => undefined)
    const session = createCookieSession({
      refresh: async () => {},
      restore,
      storage: asyncStorage(desk.storage),
      platform: desk.clock,
    })
    await session.signIn({ identity: 'alice' })
    expect(await session.acquire()).toMatchObject({ identity: 'alice' })
    expect(restore).not.toHaveBeenCalled()
    await session[Symbol.asyncDispose]()
  })
})

describe('what a session finds while it is loading', () => {
  it.each([
    ['a sign-in', false, 'active'],
    ['one that has expired', true, 'expired'],
  ])('is no event: %s', async (_what, isExpired, status) => {
    const { open, storage } = await createStored(isExpired)
    const session = open({ storage: asyncStorage(storage) })
    const heard = listen(session, 'signed-in', 'signed-out', 'expired', 'refreshed')
    await session.ready
    expect(session.state).toMatchObject({ status })
    expect(heard).toEqual([])
  })

  it('is no event where it is nobody', async () => {
    const session = createDesk().open({ storage: asyncStorage(createDesk().storage) })
    const heard = listen(session, 'signed-in', 'signed-out', 'expired', 'refreshed')
    await session.ready
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(heard).toEqual([])
  })
})

describe('a sign-out of nobody', () => {
  it('writes nothing', async () => {
    const { storage, items } = mapStorage()
    const writes = vi.spyOn(items, 'set')
    const removals = vi.spyOn(items, 'delete')
    const desk = createDesk({ storage })
    const { session } = desk.openTab()
    await session.signIn(desk.issuer.signIn().tokens)
    await session.signOut()
    writes.mockClear()
    removals.mockClear()
    await session.signOut()
    expect([writes.mock.calls, removals.mock.calls]).toEqual([[], []])
  })
})
