import { describe, expect, it, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { type AuthenticationError, authenticationError } from '../src/errors.ts'
import { connectSession, exposeSession, type RemoteSession } from '../src/remote.ts'
import { active, createOwner, credential, type Owner } from './support/owner.ts'
import { connected, createWire, type Wire } from './support/wire.ts'

const expired = authenticationError('expired')
const expiredState = { status: 'expired', epoch: 1, version: 1, error: expired } as const

interface Held {
  readonly versions: number[]
  readonly ends: string[]
  readonly dispose: () => void
}

function held(remote: RemoteSession, refreshAheadMs?: number): Held {
  const versions: number[] = []
  const ends: string[] = []
  const dispose = remote.hold({
    refreshAheadMs,
    onCredential: ({ version }: Credential) => versions.push(version),
    onEnd: ({ reason }: AuthenticationError) => ends.push(reason),
  })
  return { versions, ends, dispose }
}

describe('a hold across a port', () => {
  const start = async (owner: Owner): Promise<Held & Wire & { readonly remote: RemoteSession }> => {
    const wire = await connected(owner.session)
    const hold = held(wire.remote, 60_000)
    await wire.quiet()
    return { ...wire, ...hold }
  }

  it('is one at the owner, until it is disposed', async () => {
    const owner = createOwner()
    const { dispose, remote, quiet, saidOf } = await start(owner)
    remote.hold()
    await quiet()
    expect(owner.holds.map(({ refreshAheadMs }) => refreshAheadMs)).toEqual([60_000, undefined])
    dispose()
    dispose()
    await quiet()
    expect(owner.holds.map(({ isDisposed }) => isDisposed)).toEqual([true, false])
    expect(saidOf('release')).toHaveLength(1)
  })

  it('tells of each version once, after the state that shows it', async () => {
    const owner = createOwner()
    const { versions, remote, quiet } = await start(owner)
    const seen: unknown[] = []
    remote.hold({ onCredential: (had) => seen.push(had, remote.state) })
    await quiet()
    owner.move(active(2))
    for (const hold of owner.holds) hold.onCredential?.(credential(2))
    owner.holds[0]?.onCredential?.(credential(2))
    await quiet()
    expect(versions).toEqual([2])
    expect(seen).toEqual([credential(2), active(2)])
  })

  it('shows the state first also where the owner tells of it later', async () => {
    const owner = createOwner()
    let { state } = owner.session
    Object.defineProperty(owner.session, 'state', { get: () => state })
    const { versions, remote, quiet } = await start(owner)
    state = active(2)
    owner.holds[0]?.onCredential?.(credential(2))
    await quiet()
    expect(versions).toEqual([2])
    expect(remote.state).toEqual(active(2))
  })

  it('tells of the version that came while it was on its way', async () => {
    const owner = createOwner()
    const { remote, quiet } = await connected(owner.session)
    const { versions } = held(remote)
    owner.move(active(2))
    await quiet()
    owner.asked[0]?.resolve(credential(2))
    owner.holds[0]?.onCredential?.(credential(2))
    await quiet()
    expect(versions).toEqual([2])
  })

  it('asks for no credential where none came meanwhile', async () => {
    const owner = createOwner()
    await start(owner)
    expect(owner.asked).toEqual([])
  })

  it('says nothing after it was disposed', async () => {
    const owner = createOwner()
    const { dispose, versions, ends, quiet } = await start(owner)
    owner.holds[0]?.onCredential?.(credential(2))
    owner.move({ status: 'signed-out' }, expired)
    dispose()
    await quiet()
    owner.holds[0]?.onCredential?.(credential(3))
    await quiet()
    expect([versions, ends]).toEqual([[], []])
  })

  it('does not ask for a credential that came meanwhile once it was disposed', async () => {
    const owner = createOwner()
    const { remote, quiet, saidOf } = await connected(owner.session)
    const { dispose } = held(remote)
    owner.move(active(2))
    await quiet()
    dispose()
    await quiet()
    owner.asked[0]?.resolve(credential(2))
    await quiet()
    expect(saidOf('credential')).toEqual([])
  })

  it('tells of the end of each period, and goes on when the session comes back', async () => {
    const owner = createOwner()
    const { versions, ends, quiet } = await start(owner)
    owner.move(expiredState, expired)
    await quiet()
    expect(ends).toEqual(['expired'])
    owner.move(active(2))
    owner.holds[0]?.onCredential?.(credential(2))
    await quiet()
    owner.move({ ...expiredState, version: 2 }, expired)
    await quiet()
    expect(ends).toEqual(['expired', 'expired'])
    expect(versions).toEqual([2])
    expect(owner.holds[0]?.isDisposed).toBe(false)
  })

  it.each([
    ['a sign-out', { status: 'signed-out' } as const, 'signed-out'],
    ['the sign-in of somebody else', active(2, 2), 'switched'],
  ])('is over with %s', async (_, state, reason) => {
    const owner = createOwner()
    const { versions, ends, quiet } = await start(owner)
    owner.move(state, authenticationError(reason as 'signed-out'))
    await quiet()
    expect(ends).toEqual([reason])
    expect(owner.holds[0]?.isDisposed).toBe(true)
    owner.move(active(3, 3))
    owner.holds[0]?.onCredential?.(credential(3, 3))
    await quiet()
    expect(versions).toEqual([])
    expect(ends).toEqual([reason])
  })

  it('is over with a sign-out of its own end, at once', async () => {
    const owner = createOwner()
    const { ends, remote, quiet } = await start(owner)
    void remote.signOut()
    expect(ends).toEqual(['signed-out'])
    await quiet()
    expect(ends).toEqual(['signed-out'])
    expect(owner.holds[0]?.isDisposed).toBe(true)
  })

  it('has heard of the end when a sign-out follows an expiry', async () => {
    const owner = createOwner()
    const { ends, quiet } = await start(owner)
    owner.move(expiredState, expired)
    owner.move({ status: 'signed-out' })
    await quiet()
    expect(ends).toEqual(['expired'])
    expect(owner.holds[0]?.isDisposed).toBe(true)
  })

  it('is over when somebody else signs in after it has expired', async () => {
    const owner = createOwner()
    const { quiet } = await start(owner)
    owner.move(expiredState, expired)
    owner.move(active(2, 2))
    await quiet()
    expect(owner.holds[0]?.isDisposed).toBe(true)
  })

  it('is none of a sign-in that it was not meant for', async () => {
    const owner = createOwner()
    const { remote, quiet } = await connected(owner.session)
    const { ends } = held(remote)
    owner.move(active(2, 2), authenticationError('switched'))
    await quiet()
    expect(owner.holds).toEqual([])
    expect(ends).toEqual(['switched'])
  })

  it('goes on where the same sign-in gets another number', async () => {
    const owner = createOwner()
    const { versions, ends, quiet } = await start(owner)
    owner.move(active(2, 2))
    await quiet()
    owner.holds[0]?.onCredential?.(credential(3, 2))
    await quiet()
    expect(versions).toEqual([3])
    expect(ends).toEqual([])
    expect(owner.holds.map(({ isDisposed }) => isDisposed)).toEqual([false])
  })

  it('is found by the owner where the number changed while it was on its way', async () => {
    const owner = createOwner()
    const { remote, quiet } = await connected(owner.session)
    held(remote)
    owner.move(active(2, 2))
    await quiet()
    expect(owner.holds).toHaveLength(1)
  })

  it('may be had before the other end has answered', async () => {
    const owner = createOwner()
    const { near, far, quiet } = createWire()
    const remote = connectSession(far)
    const { versions, ends } = held(remote, 5)
    const { dispose } = held(remote)
    dispose()
    exposeSession(owner.session, near)
    await quiet()
    expect(owner.holds.map(({ refreshAheadMs }) => refreshAheadMs)).toEqual([5])
    owner.asked[0]?.resolve(credential(1))
    await quiet()
    owner.move(active(2))
    owner.holds[0]?.onCredential?.(credential(2))
    owner.move(expiredState, expired)
    await quiet()
    expect(versions).toEqual([1, 2])
    expect(ends).toEqual(['expired'])
  })

  it('may be had before anybody signs in', async () => {
    const owner = createOwner({ status: 'signed-out' })
    const { versions, ends, quiet } = await start(owner)
    owner.move(active())
    owner.holds[0]?.onCredential?.(credential())
    owner.move({ status: 'signed-out' }, authenticationError('signed-out'))
    await quiet()
    expect(versions).toEqual([1])
    expect(ends).toEqual(['signed-out'])
  })

  it('refuses at once what is no duration', async () => {
    const owner = createOwner()
    const { remote, saidOf } = await connected(owner.session)
    expect(() => remote.hold({ refreshAheadMs: -1 })).toThrow(TypeError)
    expect(saidOf('hold')).toEqual([])
  })

  it('ends at the owner with the connection', async () => {
    const owner = createOwner()
    const { remote, quiet, versions } = await start(owner)
    void remote[Symbol.asyncDispose]()
    await quiet()
    expect(owner.holds[0]?.isDisposed).toBe(true)
    owner.holds[0]?.onCredential?.(credential(2))
    await quiet()
    expect(versions).toEqual([])
    const end = vi.fn<() => void>()
    remote.hold({ onEnd: end })()
    expect(end).not.toHaveBeenCalled()
  })
})
