import { hold, holdAnswer } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { AuthenticationError } from '../src/errors.ts'
import { untilChanged } from '../src/live.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage } from './support/stage.ts'
import { connected, type Wire } from './support/wire.ts'
import type { RemoteSession } from '../src/remote.ts'

async function stage(): Promise<Stage & Wire & { readonly remote: RemoteSession }> {
  const owner = createStage({ origins: ['https://api.example.com'] })
  await owner.signIn()
  return { ...owner, ...(await connected(owner.session)) }
}

describe('a real session across a port', () => {
  it('refreshes once for both ends', async () => {
    const { acquire, clock, issuer, remote, session } = await stage()
    clock.jump(300_000)
    const all = await Promise.all([acquire(), remote.acquire(), remote.acquire({ minValidityMs: 60_000 })])
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(issuer.tokenPosts).toBe(1)
    expect(remote.state).toEqual(session.state)
  })

  it('renews what a server refused, and costs nothing for a refusal that is old', async () => {
    const { issuer, remote } = await stage()
    const refused = await remote.acquire()
    const next = await remote.acquire({ refused })
    expect(next.version).toBe(refused.version + 1)
    expect(await remote.acquire({ refused })).toEqual(next)
    expect(await failureOf(remote.acquire({ refused: next, final: true }))).toMatchObject({ reason: 'refused' })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('ends a wait for a sign-in with the connection', async () => {
    const { remote, session } = await stage()
    await session.signOut()
    await failureOf(remote.acquire())
    const waiting = untilChanged(remote, new AbortController().signal)
    await remote[Symbol.asyncDispose]()
    await expect(waiting).resolves.toBeUndefined()
  })

  it('lets a sign-out of the far end win over the answer in flight', async () => {
    const { clock, issuer, remote, session } = await stage()
    clock.jump(300_000)
    const gate = issuer.faults.next(holdAnswer())
    const waiting = failureOf(remote.acquire())
    await gate.arrived
    await remote.signOut()
    gate.release()
    expect(await waiting).toBeInstanceOf(AuthenticationError)
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(remote.state).toEqual({ status: 'signed-out' })
  })

  it('ends the waits of both ends when it is disposed, and then the connection', async () => {
    const { clock, issuer, acquire, remote, session, quiet } = await stage()
    clock.jump(300_000)
    const gate = issuer.faults.next(hold())
    const waits = [acquire(), remote.acquire()].map(failureOf)
    await gate.arrived
    const over = session[Symbol.asyncDispose]()
    for (const wait of waits) expect(await wait).toMatchObject({ reason: 'disposed' })
    gate.release()
    await over
    await quiet()
    expect(await failureOf(remote.refresh())).toMatchObject({ reason: 'disposed' })
  })

  it('keeps the credential fresh while the far end holds it', async () => {
    const { clock, issuer, remote, quiet } = await stage()
    const versions: number[] = []
    const stop = remote.hold({ onCredential: ({ version }) => versions.push(version) })
    await quiet()
    await clock.advance(299_000)
    await quiet()
    expect(versions).toEqual([2])
    expect(issuer.tokenPosts).toBe(1)
    stop()
    await quiet()
    await clock.advance(900_000)
    expect(issuer.tokenPosts).toBe(1)
  })

  it('signs in, expires and comes back from afar', async () => {
    const { issuer, remote, session, quiet } = await stage()
    const { signal } = remote
    await remote.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    expect(signal.reason).toMatchObject({ reason: 'switched' })
    expect(remote.state).toEqual(session.state)
    remote.expire()
    await quiet()
    expect(remote.state.status).toBe('expired')
    expect((await remote.refresh()).version).toBe(3)
    expect(remote.state.status).toBe('active')
    expect(remote.signal.aborted).toBe(false)
  })
})
