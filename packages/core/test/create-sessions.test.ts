import { createHarness } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createSessions } from '../src/create-sessions.ts'
import { memoryStorage } from '../src/memory-storage.ts'
import { createSession, type Session } from '../src/session.ts'

function createDesk() {
  const { issuer, clock } = createHarness()
  const storage = memoryStorage()
  const factory = vi.fn<(name: string) => Session>((name) =>
    createSession({ name, storage, refresh: issuer.refresh, platform: clock }),
  )
  return { issuer, clock, storage, factory, sessions: createSessions(factory) }
}

const statusOf = ({ state }: Session): string => state.status

describe('createSessions', () => {
  it('gives each key its own session, and one key the same', async () => {
    const { sessions, factory, issuer } = createDesk()
    const [a, again, b] = [sessions.open('a'), sessions.open('a'), sessions.open('b')]
    expect(factory.mock.calls.flat()).toEqual(['a', 'b'])
    await a.signIn(issuer.signIn().tokens)
    expect([a, again, b].map(statusOf)).toEqual(['active', 'active', 'signed-out'])
    expect(again.state).toBe(a.state)
    expect(again.signal).toBe(a.signal)
  })

  it('opens again what was made elsewhere and cannot be told to look into its store', async () => {
    const { clock } = createHarness()
    const made = createSession({ refresh: async () => ({ accessToken: 'A' }), platform: clock })
    const { open } = createSessions(() => ({
      ...made,
      get state() {
        return made.state
      },
    }))
    const [one, again] = [open('a'), open('a')]
    expect(again.state).toBe(one.state)
    await Promise.all([one[Symbol.asyncDispose](), again[Symbol.asyncDispose]()])
  })

  it('disposes a session with its last lease, however often each is given back', async () => {
    const { sessions, factory, issuer } = createDesk()
    const [first, second] = [sessions.open('a'), sessions.open('a')]
    await first.signIn(issuer.signIn().tokens)
    await first[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    expect((await second.acquire()).version).toBe(1)
    await second[Symbol.asyncDispose]()
    await expect(second.acquire()).rejects.toMatchObject({ reason: 'disposed' })
    await using third = sessions.open('a')
    expect(statusOf(third)).toBe('active')
    expect(factory).toHaveBeenCalledTimes(2)
  })

  it('moves its revision at every add, change and remove, and tells', async () => {
    const { sessions, issuer } = createDesk()
    const seen: number[] = []
    const stop = sessions.subscribe(() => seen.push(sessions.revision))
    const a = sessions.open('a')
    const added = sessions.revision
    const b = sessions.open('b')
    await a.signIn(issuer.signIn().tokens)
    a.expire()
    const changed = sessions.revision
    expect(statusOf(b)).toBe('signed-out')
    await b[Symbol.asyncDispose]()
    expect([added, changed, sessions.revision]).toEqual([1, 4, 5])
    expect(seen).toEqual([1, 2, 3, 4, 5])
    stop()
    await a[Symbol.asyncDispose]()
    expect(seen).toHaveLength(5)
  })

  it('looks into the store again when a key that is open is opened', async () => {
    const { sessions, storage, issuer, clock } = createDesk()
    await using first = sessions.open('a')
    // Another process, which nobody hears of.
    const elsewhere = { ...storage }
    await using other = createSession({ name: 'a', storage: elsewhere, refresh: issuer.refresh, platform: clock })
    await other.signIn(issuer.signIn().tokens)
    expect(statusOf(first)).toBe('signed-out')
    await using again = sessions.open('a')
    expect((await again.acquire()).version).toBe(1)
  })

  it('does not remember a factory that failed', () => {
    const sessions = createSessions(() => {
      throw new TypeError('no')
    })
    expect(() => sessions.open('a')).toThrow('no')
    expect(sessions.revision).toBe(0)
    expect(() => sessions.open('a')).toThrow('no')
  })
})
