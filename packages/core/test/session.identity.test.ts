import { describe, expect, it } from 'vitest'

import { createSession } from '../src/session.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

describe('an identity that the application named', () => {
  it('stays the identity where the issuer answers with an ID token', async () => {
    const { session, issuer, acquire, clock } = createStage()
    const { tokens } = issuer.signIn({ identity: 'alice' })
    await session.signIn({ ...tokens, identity: 'account 1' })
    clock.jump(300_000)
    expect(await acquire()).toMatchObject({ epoch: 1, version: 2, identity: 'account 1' })
  })

  it('that cannot be told of an answer is a misconfiguration, with what was thrown as its cause', async () => {
    const bug = new Error('A bug')
    const session = createSession({
      refresh: async () => ({ accessToken: 'B' }),
      identity: ({ accessToken }) => {
        if (accessToken === 'B') throw bug
        return 'account 1'
      },
    })
    await session.signIn({ accessToken: 'A' })
    expect(await failureOf(session.refresh())).toMatchObject({ reason: 'misconfigured', cause: bug })
  })

  it('is that of an answer that names it, too', async () => {
    const session = createSession({ refresh: async () => ({ accessToken: 'B', identity: 'account 2' }) })
    await session.signIn({ accessToken: 'A', identity: 'account 1' })
    expect(await failureOf(session.refresh())).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
    expect(await session.tokens()).toMatchObject({ accessToken: 'A' })
  })
})
