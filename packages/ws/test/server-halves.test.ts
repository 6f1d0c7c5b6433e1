import { describe, expect, vi } from 'vitest'

import { authenticate, type Verified } from '../src/authenticate.ts'
import { closeAtExpiry } from '../src/close-at-expiry.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { firstMessage } from '../src/placement.ts'
import { eventually } from './support/eventually.ts'
import { listenTo, next } from './support/heard.ts'
import { it as withWorld } from './support/world.ts'

/** A socket of a server, in memory. */
function fakeSocket() {
  const target = new EventTarget()
  const sent: string[] = []
  const closes: [number?, string?][] = []
  return {
    sent,
    closes,
    send: (data: string) => void sent.push(data),
    close: (...args: [number?, string?]) => void closes.push(args),
    addEventListener: (type: string, listener: (event: never) => void) => {
      target.addEventListener(type, listener as never)
    },
    message: (data: unknown) => target.dispatchEvent(new MessageEvent('message', { data })),
    say: (token: string) =>
      target.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'auth', token }) })),
    leave: () => target.dispatchEvent(new Event('close')),
  }
}

const it = withWorld.extend<{ time: typeof vi }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  time: async ({}, use) => {
    vi.useFakeTimers()
    await use(vi)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  },
})

describe('closeAtExpiry', () => {
  it('closes at once where the time is none', ({ time }) => {
    const socket = fakeSocket()
    closeAtExpiry(socket, Number.NaN)
    expect(socket.closes).toEqual([[4401, 'token_expired']])
    expect(time.getTimerCount()).toBe(0)
  })

  it('closes when the token lapses, also one that lives for months', ({ time }) => {
    const socket = fakeSocket()
    const lifetimeMs = 60 * 86_400_000
    closeAtExpiry(socket, Date.now() + lifetimeMs)
    time.advanceTimersByTime(lifetimeMs - 1)
    expect(socket.closes).toEqual([])
    time.advanceTimersByTime(1)
    expect(socket.closes).toEqual([[4401, 'token_expired']])
  })

  it('closes at once what has lapsed, with the code that it was given', () => {
    const socket = fakeSocket()
    closeAtExpiry(socket, Date.now(), { code: 3000, reason: 'later' })
    expect(socket.closes).toEqual([[3000, 'later']])
  })

  it('goes by the newest token', ({ time }) => {
    const socket = fakeSocket()
    const guard = closeAtExpiry(socket, Date.now() + 1000)
    guard.update(Date.now() + 3000)
    time.advanceTimersByTime(2999)
    expect(socket.closes).toEqual([])
    time.advanceTimersByTime(1)
    expect(socket.closes).toHaveLength(1)
  })

  it('closes nothing once it is disposed or the socket is closed', ({ time }) => {
    const [disposed, closed] = [fakeSocket(), fakeSocket()]
    {
      using _guard = closeAtExpiry(disposed, Date.now() + 1000)
    }
    const guard = closeAtExpiry(closed, Date.now() + 1000)
    closed.leave()
    guard.update(Date.now() + 1000)
    guard()
    time.advanceTimersByTime(5000)
    expect([disposed.closes, closed.closes]).toEqual([[], []])
  })
})

describe('authenticate', () => {
  const verifyAlice = (token: string): Promise<Verified> =>
    token.startsWith('good')
      ? Promise.resolve({ identity: 'alice', expiresAt: Date.now() + 1000 })
      : Promise.reject(new Error('bad'))

  it('takes the first message, and says so', async ({ time }) => {
    const socket = fakeSocket()
    const authenticated = authenticate(socket, { verify: verifyAlice })
    socket.say('good-1')
    const expiresAt = Date.now() + 1000
    expect(await authenticated).toEqual({ identity: 'alice', expiresAt })
    expect(socket.sent.map((data) => JSON.parse(data) as unknown)).toEqual([{ type: 'auth.ok', expiresAt }])
    time.advanceTimersByTime(1000)
    expect(socket.closes).toEqual([[4401, 'token_expired']])
  })

  it('takes no answer of verify() for no approval', async () => {
    const socket = fakeSocket()
    const authenticated = authenticate(socket, { verify: () => Promise.resolve(undefined as never) })
    socket.say('good-1')
    await expect(authenticated).rejects.toThrow('token_refused')
    expect(socket.closes).toEqual([[4401, 'token_refused']])
  })

  it('takes later tokens, and lives as long as they do', async ({ time }) => {
    const socket = fakeSocket()
    const renewed: Verified[] = []
    const authenticated = authenticate(socket, { verify: verifyAlice, onRenewed: (verified) => renewed.push(verified) })
    socket.say('good-1')
    await authenticated
    await time.advanceTimersByTimeAsync(700)
    socket.say('good-2')
    await time.advanceTimersByTimeAsync(700)
    expect(socket.closes).toEqual([])
    expect(renewed).toHaveLength(1)
    await time.advanceTimersByTimeAsync(300)
    expect(socket.closes).toEqual([[4401, 'token_expired']])
  })

  it.for([
    ['a token that is refused', (socket: ReturnType<typeof fakeSocket>) => socket.say('bad'), 'token_refused'],
    [
      'another message first',
      (socket: ReturnType<typeof fakeSocket>) => socket.message('{"type":"chat"}'),
      'token_missing',
    ],
    ['no JSON', (socket: ReturnType<typeof fakeSocket>) => socket.message('"auth"'), 'token_missing'],
    ['bytes', (socket: ReturnType<typeof fakeSocket>) => socket.message(new ArrayBuffer(1)), 'token_missing'],
  ] as const)('closes with 4401 for %s', async ([, act, reason]) => {
    const socket = fakeSocket()
    const authenticated = authenticate(socket, { verify: verifyAlice })
    act(socket)
    await expect(authenticated).rejects.toThrow(reason)
    expect(socket.closes).toEqual([[4401, reason]])
    expect(socket.sent).toEqual([])
  })

  it('closes with 4401 where no token comes', async ({ time }) => {
    const socket = fakeSocket()
    const authenticated = authenticate(socket, { verify: verifyAlice })
    const failure = authenticated.catch(String)
    await time.advanceTimersByTimeAsync(10_000)
    expect(await failure).toContain('token_missing')
    expect(socket.closes).toEqual([[4401, 'token_missing']])
  })

  it('closes with 4401 for a later token that is refused, and with 4403 for another identity', async ({ time }) => {
    for (const [token, closed] of [
      ['bad', [4401, 'token_refused']],
      ['bob', [4403, 'other_identity']],
    ] as const) {
      const socket = fakeSocket()
      const verify = (said: string): Promise<Verified> =>
        said === 'bob' ? Promise.resolve({ identity: 'bob' }) : verifyAlice(said)
      const authenticated = authenticate(socket, { verify })
      socket.say('good-1')
      await authenticated
      socket.say(token)
      await time.advanceTimersByTimeAsync(0)
      expect(socket.closes).toEqual([closed])
      socket.leave()
    }
  })

  it('goes by the last token, whichever was verified first', async ({ time }) => {
    const socket = fakeSocket()
    const answers = new Map<string, (verified: Verified) => void>()
    const authenticated = authenticate(socket, {
      verify: (token) => new Promise((resolve) => answers.set(token, resolve)),
    })
    socket.say('old')
    socket.say('new')
    answers.get('new')?.({ identity: 'alice' })
    await authenticated
    answers.get('old')?.({ identity: 'alice', expiresAt: Date.now() })
    await time.advanceTimersByTimeAsync(1000)
    expect(socket.closes).toEqual([])
    expect(socket.sent).toHaveLength(1)
    socket.leave()
  })

  it('says nothing to a socket that was closed meanwhile', async () => {
    const socket = fakeSocket()
    let answer: ((verified: Verified) => void) | undefined
    const authenticated = authenticate(socket, { verify: () => new Promise((resolve) => (answer = resolve)) })
    socket.say('good')
    socket.leave()
    await expect(authenticated).rejects.toThrow('closed')
    answer?.({})
    await Promise.resolve()
    expect(socket.sent).toEqual([])
  })

  it('keeps a client connected over the end of its tokens, by asking ahead', async ({ world }) => {
    const { server, issuer, open, closing } = world
    const expiries: number[] = []
    server.serve = (socket) => {
      void authenticate(socket, {
        askAheadMs: 100,
        async verify(token) {
          if (issuer.check(token) !== 'ok') throw new Error('not good')
          // This server is stricter than the issuer.
          expiries.push(Date.now() + 200)
          return { identity: 'alice', expiresAt: expiries.at(-1) }
        },
      })
    }
    const socket = closing(createWebSocket(open(), server.url, { placement: firstMessage() }))
    const heard = listenTo(socket)
    await next(socket, 'open')
    await eventually(() => expiries.length, { timeout: 3000 }).toBeGreaterThan(5)
    expect(heard.types).toEqual(['open'])
    expect(server.dials).toHaveLength(1)
    expect(issuer.refreshes).toBe(0)
  })
})
