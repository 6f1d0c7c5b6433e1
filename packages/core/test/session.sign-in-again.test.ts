import { deferred, dropAnswer, hold, holdAnswer, settle, status } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { TokenSet } from '../src/token-set.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage, type Stage } from './support/stage.ts'

/** What an application kept that stores the tokens itself: by now the access token has lapsed. */
async function kept({ session, clock }: Stage): Promise<TokenSet> {
  const { expiresInMs: _, ...tokens } = (await session.tokens()) ?? {}
  return { ...tokens, expiresAt: clock.now() - 1 }
}

// Effects that run twice, a page that mounts again, a list of accounts: all of them sign in with tokens that the session
// knows. The stage finds every token that is presented twice at once, after the answer to it, or after its rejection.
describe('a sign-in with tokens that the session holds already (I1)', () => {
  it('joins the refresh that presents them', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer } = stage
    await signIn()
    const tokens = await kept(stage)
    const gate = issuer.faults.next(holdAnswer())
    await session.signIn(tokens)
    const first = acquire()
    await gate.arrived
    await session.signIn(tokens)
    const second = acquire()
    await settle()
    gate.release()
    expect(await second).toBe(await first)
    expect(issuer.check((await first).accessToken ?? '')).toBe('ok')
    expect(issuer.tokenPosts).toBe(1)
  })

  it('joins it after a sign-out, too', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    await signIn()
    clock.jump(300_000)
    const tokens = await kept(stage)
    const gate = issuer.faults.next(hold())
    void failureOf(acquire())
    await gate.arrived
    await session.signOut()
    await session.signIn(tokens)
    const second = acquire()
    await settle()
    gate.release()
    expect(await second).toMatchObject({ identity: 'https://issuer.test#alice' })
    expect(issuer.tokenPosts).toBe(1)
  })

  it('joins it after somebody else was here, too', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    await signIn('alice')
    clock.jump(300_000)
    const tokens = await kept(stage)
    const gates = [issuer.faults.next(hold()), issuer.faults.next(hold())]
    void failureOf(acquire())
    await gates[0]?.arrived
    await signIn('bob')
    void failureOf(session.refresh())
    await gates[1]?.arrived
    await session.signIn(tokens)
    const again = acquire()
    await settle()
    for (const gate of gates) gate.release()
    expect(await again).toMatchObject({ identity: 'https://issuer.test#alice' })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('does not present what was spent for the set that is held', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer } = stage
    await signIn()
    const tokens = await kept(stage)
    await session.refresh()
    await settle()
    await session.signIn(tokens)
    await acquire().catch(() => {})
    expect(issuer.tokenPosts).toBe(1)
  })

  it('does not wait for a refresh that is over (I7)', async () => {
    const stage = createStage({ issuing: { rotate: false } })
    const { acquire, signIn, session, issuer } = stage
    await signIn()
    const tokens = await kept(stage)
    await session.refresh()
    await session.signIn(tokens)
    const versions: number[] = []
    acquire().then(({ version }) => versions.push(version), expect.unreachable)
    await settle()
    expect(versions).toHaveLength(1)
    expect(issuer.misuse).toEqual([])
  })

  it.each(Array.from({ length: 16 }, (_, turns) => turns))(
    'waits for nothing that is over when it comes %i turns after an answer for one who had left (I7)',
    async (turns) => {
      const answer = deferred<TokenSet>()
      const { acquire, session, clock } = createStage({ refresh: () => answer.promise })
      const tokens = { accessToken: 'A', refreshToken: 'R1', expiresAt: clock.now() - 1 }
      await session.signIn(tokens)
      void failureOf(acquire())
      await session.signOut()
      answer.resolve({ accessToken: 'B', refreshToken: 'R2' })
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      void session.signIn(tokens)
      const settled = vi.fn<() => void>()
      acquire().then(settled, settled)
      await settle()
      expect(settled).toHaveBeenCalledOnce()
    },
  )

  it('leaves nobody waiting for the tokens between (I7)', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    await signIn('alice')
    const first = await kept(stage)
    const gates = [issuer.faults.next(hold()), issuer.faults.next(hold())]
    const versions: number[] = []
    for (const tokens of [first, { ...first, ...issuer.signIn().tokens }, first]) {
      await session.signIn(tokens)
      clock.jump(300_000)
      acquire().then(({ version }) => versions.push(version), expect.unreachable)
      await settle()
    }
    for (const gate of gates) gate.release()
    await settle()
    expect(versions).toHaveLength(3)
  })

  it.each([
    ['again', async () => {}],
    ['after a sign-out', ({ session }: Stage) => session.signOut()],
  ])('does not present what the issuer rejected, %s', async (_, between) => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    await signIn()
    const tokens = await kept(stage)
    issuer.revokeFamily(tokens.refreshToken ?? '')
    clock.jump(300_000)
    await failureOf(acquire())
    await between(stage)
    await session.signIn(tokens)
    expect(await failureOf(acquire())).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(issuer.tokenPosts).toBe(1)
  })
})

describe('a sign-in without a refresh token, as where that is a cookie', () => {
  it('of the same person starts no second request while one is out (I1)', async () => {
    const answers = [deferred<TokenSet>(), deferred<TokenSet>()]
    let calls = 0
    const refresh = (): Promise<TokenSet> => (answers[calls++] ?? deferred<TokenSet>()).promise
    const { acquire, session, clock } = createStage({ refresh })
    const tokens = { accessToken: 'A', identity: 'alice', expiresAt: clock.now() - 1 }
    await session.signIn(tokens)
    const first = acquire()
    await session.signIn(tokens)
    const second = acquire()
    await settle()
    for (const { resolve } of answers) resolve({ accessToken: 'B' })
    expect(calls).toBe(1)
    expect(await second).toMatchObject({ accessToken: 'B' })
    expect(await first).toMatchObject({ identity: 'alice' })
  })
})

describe('a cooldown', () => {
  it('is one of the refresh token, and so goes on over a sign-in that brings it again', async () => {
    const stage = createStage()
    const { acquire, signIn, session, issuer, clock } = stage
    await signIn()
    clock.jump(300_000)
    const tokens = await kept(stage)
    issuer.faults.next(status(429, { retryAfter: 600 }))
    await failureOf(acquire())
    await session.signIn(tokens)
    expect(await failureOf(acquire())).toMatchObject({ reason: 'unavailable' })
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'unavailable' })
    expect(issuer.tokenPosts).toBe(1)
    clock.jump(600_000)
    expect(await acquire()).toMatchObject({ version: 3 })
  })

  it('does not keep the tokens of a real sign-in waiting', async () => {
    const { acquire, signIn, issuer, clock } = createStage()
    await signIn()
    clock.jump(300_000)
    issuer.faults.next(status(429, { retryAfter: 600 }))
    await failureOf(acquire())
    await signIn()
    clock.jump(300_000)
    expect(await acquire()).toMatchObject({ version: 3 })
    expect(issuer.tokenPosts).toBe(2)
  })

  it('of a lost answer goes on, too: the token may be spent', async () => {
    const { acquire, signIn, session, issuer, clock } = createStage({ issuing: { graceMs: 1e9 } })
    await signIn()
    clock.jump(270_000)
    issuer.faults.next(dropAnswer())
    await failureOf(session.refresh())
    const tokens = (await session.tokens()) ?? {}
    await session.signIn({ ...tokens, expiresInMs: 30_000 })
    clock.jump(25_000)
    await acquire()
    expect(issuer.tokenPosts).toBe(1)
  })
})
