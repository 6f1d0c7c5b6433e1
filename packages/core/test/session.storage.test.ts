import { createHarness } from '@reauth/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'

import { memoryStorage } from '../src/memory-storage.ts'
import { createSession, type Session } from '../src/session.ts'
import type { SessionOptions } from '../src/session-options.ts'
import type { TokenStorage } from '../src/storage.ts'
import type { TraceEntry } from '../src/trace.ts'

function createDesk(storage: TokenStorage = memoryStorage()) {
  const { clock, issuer, track, verify } = createHarness()
  const entries: TraceEntry[] = []
  const sessions: Session[] = []
  onTestFinished(async () => {
    for (const session of sessions) await session[Symbol.asyncDispose]()
    await verify()
  })
  return {
    clock,
    issuer,
    storage,
    entries,
    track,
    open(options: Partial<SessionOptions> = {}): Session {
      const session = createSession({
        refresh: issuer.refresh,
        storage,
        platform: clock,
        trace: (entry) => entries.push(entry),
        ...options,
      })
      sessions.push(session)
      return session
    },
  }
}

describe('a session in a storage', () => {
  it('is there again after a restart, at once where the storage answers at once', async () => {
    const { open, issuer } = createDesk()
    const first = open()
    await first.signIn(issuer.signIn().tokens)
    await first[Symbol.asyncDispose]()
    const second = open()
    expect(second.state).toEqual(first.state)
    expect((await second.acquire()).accessToken).toBe((await first.tokens())?.accessToken)
  })

  it('refreshes once for all who share it', async () => {
    const { open, issuer, clock } = createDesk()
    const [a, b] = [open(), open()]
    await a.signIn(issuer.signIn().tokens)
    const c = open()
    clock.jump(3_600_000)
    const got = await Promise.all([a.acquire(), c.acquire(), b.acquire()])
    expect(issuer.refreshes).toBe(1)
    expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(got.map(({ version }) => version)).toEqual([2, 2, 2])
  })
})
