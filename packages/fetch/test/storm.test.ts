import { createSession, type Session } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { deferred, settle } from '@reauth/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const url = 'https://api.test/items'
const total = 10_000

/** A server in memory that takes one token at a time, and answers when it is told to. */
function createServer(): {
  readonly fetch: typeof fetch
  readonly session: Session
  readonly counts: { sent: number; refused: number; refreshes: number }
  answer(count?: number): Promise<void>
} {
  const counts = { sent: 0, refused: 0, refreshes: 0 }
  const waiting: (() => void)[] = []
  let good = 'v2'
  const session = createSession({
    origins: ['https://api.test'],
    async refresh() {
      counts.refreshes++
      good = `v${counts.refreshes + 1}`
      return { accessToken: good }
    },
  })
  void session.signIn({ accessToken: 'v1' })

  return {
    counts,
    session,
    async fetch(_input, init) {
      counts.sent++
      const isGood = new Headers(init?.headers).get('authorization') === `Bearer ${good}`
      if (!isGood) {
        counts.refused++
        const turn = deferred()
        waiting.push(turn.resolve)
        await turn.promise
      }
      return new Response(null, { status: isGood ? 200 : 401 })
    },
    async answer(count = waiting.length) {
      for (const go of waiting.splice(0, count)) go()
      await settle(2)
    },
  }
}

describe('10,000 calls at once, each answered 401', () => {
  it.for([1, 5, 50])('cost one refresh, 20,000 requests and no failure, in %d waves', async (waves) => {
    const server = createServer()
    const authFetch = createFetch(server.session, { fetch: server.fetch })

    const calls = Array.from({ length: total }, () => authFetch(url))
    await settle(2)
    expect(server.counts).toEqual({ sent: total, refused: total, refreshes: 0 })
    for (let wave = 0; wave < waves; wave++) {
      await server.answer(total / waves)
      // Also the first wave is over before the second comes: those are late.
      expect(server.counts).toMatchObject({ refreshes: 1, sent: total + ((wave + 1) * total) / waves })
    }

    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(statuses.every((status) => status === 200)).toBe(true)
    expect(server.counts).toEqual({ sent: 2 * total, refused: total, refreshes: 1 })
    expect(server.session.state).toMatchObject({ status: 'active', version: 2 })
  })

  it('cost one refresh where that fails, and share its failure', async () => {
    const server = createServer()
    const failure = new Error('down')
    let refreshes = 0
    const session = createSession({
      origins: ['https://api.test'],
      refresh: () => {
        refreshes++
        return Promise.reject(failure)
      },
    })
    await session.signIn({ accessToken: 'v1' })
    const authFetch = createFetch(session, { fetch: server.fetch })

    const calls = Array.from({ length: total }, () => authFetch(url))
    const outcomes = Promise.allSettled(calls)
    await settle(2)
    for (let wave = 0; wave < 5; wave++) await server.answer(total / 5)

    const reasons = new Set((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason))
    expect(reasons.size).toBe(1)
    expect([...reasons][0]).toMatchObject({ name: 'RefreshError', reason: 'lost', cause: failure })
    expect(refreshes).toBe(1)
    expect(server.counts.sent).toBe(total)
  })
})

describe('calls and their answers in any order', () => {
  it('cost one refresh, and no call fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        // A call, or so many answers.
        fc.array(fc.constantFrom('call', 'call', 'call', 1, 2, 4), { maxLength: 30 }),
        async (steps) => {
          const server = createServer()
          const authFetch = createFetch(server.session, { fetch: server.fetch })
          const calls: Promise<Response>[] = []
          for (const step of steps) {
            if (typeof step === 'number') await server.answer(step)
            else calls.push(authFetch(url))
          }
          await settle(2)
          await server.answer()

          expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true)
          expect(server.counts.refreshes).toBe(calls.length > 0 ? 1 : 0)
          expect(server.counts.sent).toBe(calls.length + server.counts.refused)
        },
      ),
      { numRuns: 100 },
    )
  })
})
