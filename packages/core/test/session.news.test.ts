import { describe, expect, it } from 'vitest'

import { deferred } from '../src/deferred.ts'
import type { TokenSet } from '../src/token-set.ts'
import { createDesk, type Desk, lifetimeMs, listen, openTabs } from './support/desk.ts'
import { failureOf } from './support/failure-of.ts'
import { mapStorage } from './support/map-storage.ts'

const types = ['signed-in', 'refreshed', 'expired', 'signed-out'] as const

/** Two tabs of one sign-in, of which the second hears of nothing but what a test tells it. */
async function createPair(): Promise<
  { desk: Desk; items: Map<string, string> } & Awaited<ReturnType<typeof openTabs>>
> {
  const { storage, items } = mapStorage()
  const desk = createDesk({ storage })
  return { desk, items, ...(await openTabs(desk, 2)) }
}

/** Puts something into the record of a session that nobody of these has written. */
function alter(items: Map<string, string>, change: object): void {
  items.set('reauth', JSON.stringify({ ...(JSON.parse(items.get('reauth') ?? '') as object), ...change }))
}

describe('what comes from another tab', () => {
  it('is told as a sign-in where it is another one, and not where it is a refresh', async () => {
    const { desk, first, others } = await createPair()
    const { session } = others[0] as (typeof others)[0]
    const heard = listen(session, ...types)
    await first.session.refresh()
    await desk.clock.advance(0)
    expect(session.state).toMatchObject({ version: 2 })
    expect(heard).toEqual([])
    await first.session.signIn(desk.issuer.signIn({ identity: 'bob' }).tokens)
    await desk.clock.advance(0)
    expect(heard).toEqual(['signed-in'])
  })

  it('is no sign-in where that is over already', async () => {
    const { desk, items, others } = await createPair()
    const { session, page } = others[0] as (typeof others)[0]
    const heard = listen(session, ...types)
    alter(items, { epoch: 2, version: 2, expired: 'expired' })
    page.tell('visibilitychange')
    await desk.clock.advance(0)
    expect(session.state).toMatchObject({ status: 'expired', epoch: 2 })
    expect(heard).toEqual(['expired'])
  })

  it('starts no refresh where nobody waits for one, though it is stale already', async () => {
    const { desk, first, others } = await createPair()
    const { session, page } = others[0] as (typeof others)[0]
    page.mute()
    await first.session.refresh()
    desk.clock.jump(lifetimeMs)
    page.tell('visibilitychange')
    await desk.clock.advance(0)
    expect(session.state).toMatchObject({ version: 2 })
    expect(desk.issuer.tokenPosts).toBe(1)
  })

  it('ends the wait for a refresh with its error, where it cannot go on', async () => {
    const { desk, items, others } = await createPair()
    const { session, page } = others[0] as (typeof others)[0]
    desk.clock.jump(lifetimeMs)
    const free = desk.browser.holdLock()
    const waiting = failureOf(desk.track(session.acquire()))
    alter(items, { version: 2, expired: 'expired' })
    page.tell('visibilitychange')
    expect(await waiting).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    free()
    await desk.clock.advance(0)
    expect(desk.issuer.tokenPosts).toBe(0)
  })

  it('is what a person refreshes who asks for it', async () => {
    const { first, others } = await createPair()
    const { session, page } = others[0] as (typeof others)[0]
    page.mute()
    await first.session.refresh()
    expect(await session.refresh()).toMatchObject({ version: 3 })
  })

  it('is refreshed again for who refuses it while the answer to an older request is out', async () => {
    const { storage, items } = mapStorage()
    const answers: (() => void)[] = []
    const desk = createDesk({
      storage,
      refresh: () =>
        new Promise((resolve) => {
          answers.push(() => {
            resolve({ accessToken: `A${answers.length + 2}`, expiresInMs: lifetimeMs })
          })
        }),
    })
    const { session, page } = desk.openTab()
    await session.signIn({ accessToken: 'A1', refreshToken: 'R', expiresInMs: lifetimeMs })
    const first = desk.track(session.refresh())
    await desk.clock.advance(0)
    alter(items, { version: 2, tokens: { accessToken: 'A2', refreshToken: 'R', expiresInMs: lifetimeMs } })
    page.tell('visibilitychange')
    const second = await first
    expect(second).toMatchObject({ version: 2, accessToken: 'A2' })
    const third = desk.track(session.acquire({ refused: second }))
    await desk.clock.advance(0)
    expect(answers).toHaveLength(1)
    answers[0]?.()
    await desk.clock.advance(0)
    answers[1]?.()
    expect(await third).toMatchObject({ version: 3, accessToken: 'A4' })
  })

  it('may be another number for what is being refreshed: the answer counts', async () => {
    const { storage, items } = mapStorage()
    const answer = deferred<TokenSet>()
    const desk = createDesk({ storage, refresh: () => answer.promise })
    const { session, page } = desk.openTab()
    await session.signIn({ accessToken: 'A1', refreshToken: 'R1', expiresInMs: lifetimeMs })
    const asked = failureOf(session.refresh())
    await desk.clock.advance(0)
    alter(items, { epoch: 2, fate: undefined })
    page.tell('visibilitychange')
    expect(await asked).toMatchObject({ reason: 'switched' })
    expect(session.state).toMatchObject({ epoch: 2, version: 1 })
    answer.resolve({ accessToken: 'A2', refreshToken: 'R2', expiresInMs: lifetimeMs })
    await desk.clock.advance(0)
    expect(session.state).toMatchObject({ status: 'active', epoch: 2, version: 2 })
    expect(JSON.parse(items.get('reauth') ?? '')).toMatchObject({ epoch: 2, tokens: { refreshToken: 'R2' } })
  })
})
