import { getEventListeners } from 'node:events'

import { AuthenticationError, type Credential, staticSource } from '@reauth/core'
import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createStream } from '../src/create-stream.ts'
import type { ServerSentEvent } from '../src/feed.ts'
import { StreamError } from '../src/stream-error.ts'
import { failureOf } from './support/failure-of.ts'
import { address, holdTimers, setScene } from './support/scripted.ts'

const post: RequestInit = { method: 'POST', body: '{}' }

describe('a request', () => {
  it('asks for a stream, with the credential, past every cache', async () => {
    const { session, issuer, fetch, call } = setScene()
    void createStream(session, { fetch })(address, { headers: { 'x-trace': '1' } }).next()
    const { headers, init, url } = await call(0)
    expect(url).toBe(address)
    expect(Object.fromEntries(headers)).toEqual({
      accept: 'text/event-stream',
      authorization: `Bearer ${(await session.tokens())?.accessToken}`,
      'x-trace': '1',
    })
    expect(init.cache).toBe('no-store')
    expect(issuer.tokenPosts).toBe(0)
  })

  it('keeps what its caller says of accept, cache and body', async () => {
    const { session, fetch, call } = setScene()
    const headers = { accept: 'application/json, text/event-stream' }
    void createStream(session, { fetch })(address, { ...post, headers, cache: 'reload' }).next()
    const sent = await call(0)
    expect(sent.headers.get('accept')).toBe(headers.accept)
    expect(sent.init).toMatchObject({ method: 'POST', body: '{}', cache: 'reload' })
  })

  it('goes from where its caller wants', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch })(address, { headers: { 'Last-Event-ID': '41' } })
    expect(events.lastEventId).toBe('41')
    const first = events.next()
    const sent = await call(0)
    expect(sent.headers.get('last-event-id')).toBe('41')
    sent.open('data: a\n\n')
    expect(await first).toEqual({ done: false, value: { type: 'message', data: 'a', lastEventId: '41' } })
  })

  it('says no id where the stream has taken it back', async () => {
    holdTimers()
    const { session, fetch, call } = setScene()
    void createStream(session, { fetch })(address, { headers: { 'last-event-id': '41' } }).next()
    const first = await call(0)
    first.open('id\n\n')
    await settle()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    expect((await call(1)).headers.has('last-event-id')).toBe(false)
  })

  it('leaves the bytes of that header alone until the stream has an id of its own', async () => {
    const { session, fetch, call } = setScene()
    void createStream(session, { fetch })(address, { headers: { 'last-event-id': '\u{C3}\u{A9}' } }).next()
    expect((await call(0)).headers.get('last-event-id')).toBe('\u{C3}\u{A9}')
  })

  it('carries a credential that lives for five minutes, or for two thirds of its life', async () => {
    for (const [expiresInMs, ageMs, refreshes] of [
      [3_600_000, 3_299_000, 0],
      [3_600_000, 3_301_000, 1],
      [300_000, 199_000, 0],
      [300_000, 201_000, 1],
    ] as const) {
      const { session, issuer, clock, fetch, call } = setScene({ isSignedOut: true })
      await session.signIn({ ...issuer.signIn().tokens, expiresInMs })
      clock.jump(ageMs)
      void createStream(session, { fetch })(address).next()
      await call(0)
      expect(issuer.refreshes, `${ageMs} of ${expiresInMs}`).toBe(refreshes)
    }
  })

  it.each([
    ['has a body', address, { body: '{}' }],
    ['has a password in its address', 'https://alice:secret@api.test/stream', {}],
  ])('that no fetch would send, because a GET %s, is not tried again and again', async (_, url, init) => {
    const { session, fetch, calls } = setScene()
    const stream = createStream(session, { fetch })
    expect(() => stream(url, init)).toThrow(TypeError)
    expect(await failureOf(stream.each(url, init, () => {}))).toBeInstanceOf(TypeError)
    expect(calls).toEqual([])
  })

  it('goes nowhere else than to the session’s origins', async () => {
    const stream = createStream(staticSource('a', { origins: ['https://api.test'] }))
    expect(() => stream('https://elsewhere.test/x')).toThrow(
      new TypeError(
        "\"https://elsewhere.test\" is not listed; if it takes this session's tokens, add origins: ['https://elsewhere.test']",
      ),
    )
    expect(() => stream('/x')).toThrow(TypeError)
    expect(await failureOf(stream.each('https://elsewhere.test/x', {}, () => {}))).toBeInstanceOf(TypeError)
  })
})

describe('the iterator', () => {
  it('connects when it is first asked, and once', async () => {
    const { session, fetch, calls, call } = setScene()
    const events = createStream(session, { fetch })(address)
    await settle()
    expect(calls).toHaveLength(0)
    const [first, second] = [events.next(), events.next()]
    ;(await call(0)).open('data: a\n\ndata: b\n\n')
    expect([await first, await second].map(({ value }) => (value as ServerSentEvent).data)).toEqual(['a', 'b'])
    expect(calls).toHaveLength(1)
  })

  it('answers in the order of the asking', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch })(address)
    const asked = [events.next(), events.next(), events.next()]
    const sent = await call(0)
    sent.open('data: 0\n\n')
    await asked[0]
    asked.push(events.next())
    await settle()
    sent.send('data: 1\n\ndata: 2\n\n')
    await settle()
    asked.push(events.next())
    sent.send('data: 3\n\ndata: 4\n\n')
    const results = await Promise.all(asked)
    expect(results.map(({ value }) => value?.data)).toEqual(['0', '1', '2', '3', '4'])
  })

  it('reads no further than it is asked', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open()
    await settle()
    sent.send('data: a\n\ndata: b\n\n')
    await first
    sent.send('data: c\n\n')
    await settle()
    expect(sent.unread).toBe(1)
    await events.next()
    await settle()
    expect(sent.unread).toBe(1)
    await events.next()
    expect(sent.unread).toBe(0)
  })

  it('closes the stream when the loop is left', async () => {
    const { session, fetch, call, calls } = setScene()
    const events = createStream(session, { fetch })(address)
    const looping = (async () => {
      for await (const { data } of events) return data
      return undefined
    })()
    const sent = await call(0)
    sent.open('id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
    expect(await looping).toBe('a')
    expect(sent.isGone).toBe(true)
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(events.lastEventId).toBe('1')
    await settle()
    expect(calls).toHaveLength(1)
  })

  it('returns at once while it waits', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch })(address)
    const first = events.next()
    const sent = await call(0)
    await events.return()
    expect(await first).toEqual({ done: true, value: undefined })
    expect(sent.isGone).toBe(true)
  })

  it('knows where to go on from: after what was taken', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n')
    await first
    expect(events.lastEventId).toBe('1')
    await events.next()
    expect(events.lastEventId).toBe('3')
  })

  it('rejects once, with what its caller gave for a reason, and drops what was not taken', async () => {
    const { session, fetch, call } = setScene()
    const giveUp = new AbortController()
    const events = createStream(session, { fetch })(address, { signal: giveUp.signal })
    const first = events.next()
    const sent = await call(0)
    sent.open('data: a\n\ndata: b\n\n')
    await first
    const reason = new Error('Changed my mind')
    giveUp.abort(reason)
    expect(sent.isGone).toBe(true)
    expect(await failureOf(events.next())).toBe(reason)
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })
})

describe('a caller who gives up', () => {
  it('gets nothing of a piece that comes at the same time, nor its id', async () => {
    const { session, fetch, call } = setScene()
    const giveUp = new AbortController()
    const events = createStream(session, { fetch })(address, { signal: giveUp.signal })
    const first = events.next()
    const sent = await call(0)
    sent.open('id: 1\ndata: a\n\n')
    await first
    const second = failureOf(events.next())
    await settle()
    sent.send('id: 2\ndata: b\n\n')
    giveUp.abort('enough')
    expect(await second).toBe('enough')
    expect(events.lastEventId).toBe('1')
  })

  it('as the credential comes has nothing sent', async () => {
    const { session, fetch, calls } = setScene()
    const giveUp = new AbortController()
    const acquire = async (): Promise<Credential> => {
      const credential = await session.acquire()
      giveUp.abort('enough')
      return credential
    }
    const source = Object.create(session, { acquire: { value: acquire } }) as typeof session
    const outcome = failureOf(createStream(source, { fetch }).each(address, { signal: giveUp.signal }, () => {}))
    expect(await outcome).toBe('enough')
    expect(calls).toEqual([])
  })

  it('at once, as an effect that runs twice, leaves nothing at the session', async () => {
    const { session, fetch, calls } = setScene()
    const events = createStream(session, { fetch })(address)
    const next = events.next()
    await events.return()
    expect(await next).toEqual({ done: true, value: undefined })
    await settle()
    expect(calls).toEqual([])
    expect(getEventListeners(session.signal, 'abort')).toHaveLength(0)
  })

  it('is let go of at the end, and so is the session, after any number of connections', async () => {
    holdTimers()
    const { session, fetch, call } = setScene()
    const holds = vi.spyOn(session, 'hold')
    const { signal } = new AbortController()
    const { signal: period } = session
    const events = createStream(session, { fetch })(address, { signal })
    const next = events.next()
    for (let index = 0; index < 3; index++) {
      const sent = await call(index)
      sent.open()
      await settle()
      sent.end()
      await settle()
      expect(sent.isGone).toBe(true)
      await vi.advanceTimersByTimeAsync(1000)
    }
    await call(3)
    expect(holds).toHaveBeenCalledOnce()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    expect(getEventListeners(period, 'abort')).toHaveLength(1)
    await events.return()
    await next
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(getEventListeners(period, 'abort')).toHaveLength(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is let go of by a fetch that heeds no signal', async () => {
    const { session } = setScene()
    const cancel = vi.fn<() => void>()
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: a\n\n'))
      },
      cancel,
    })
    const response = new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    for await (const { data } of createStream(session, { fetch: () => Promise.resolve(response) })(address)) {
      expect(data).toBe('a')
      break
    }
    expect(cancel).toHaveBeenCalledOnce()
  })

  it.each([0, 1, 2, 3, 4, 5])('is let go of by such a fetch as its answer comes, %i turns later', async (turns) => {
    const { session } = setScene()
    const cancel = vi.fn<() => void>()
    const response = new Response(new ReadableStream({ cancel }), { headers: { 'content-type': 'text/event-stream' } })
    const answer = deferred<Response>()
    const fetch = vi.fn<typeof globalThis.fetch>(() => answer.promise)
    const events = createStream(session, { fetch })(address)
    const next = events.next()
    await vi.waitUntil(() => fetch.mock.calls.length > 0)
    answer.resolve(response)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await events.return()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(cancel).toHaveBeenCalledOnce()
  })
})

describe('the callback path', () => {
  it('stops with what the callback throws, after no further event', async () => {
    const { session, fetch, call } = setScene()
    const bug = new Error('A bug')
    const took: string[] = []
    const outcome = failureOf(
      createStream(session, { fetch }).each(address, {}, ({ data }) => {
        took.push(data)
        throw bug
      }),
    )
    const sent = await call(0)
    sent.open('data: a\n\ndata: b\n\n')
    expect(await outcome).toBe(bug)
    expect(took).toEqual(['a'])
    expect(sent.isGone).toBe(true)
  })

  it('stops within a piece when its caller gives up', async () => {
    const { session, fetch, call } = setScene()
    const giveUp = new AbortController()
    const took: string[] = []
    const outcome = failureOf(
      createStream(session, { fetch }).each(address, { signal: giveUp.signal }, ({ data }) => {
        took.push(data)
        giveUp.abort('enough')
      }),
    )
    ;(await call(0)).open('data: a\n\ndata: b\n\n')
    expect(await outcome).toBe('enough')
    expect(took).toEqual(['a'])
  })
})

describe('a POST', () => {
  it('ends with its answer, and is not sent again', async () => {
    const { session, fetch, call, calls } = setScene()
    const events = createStream(session, { fetch })(address, post)
    const first = events.next()
    const sent = await call(0)
    sent.open('data: a\n\n')
    await first
    sent.end()
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(calls).toHaveLength(1)
  })

  it('that breaks off says where, after what had come, and is not sent again', async () => {
    const { session, fetch, call, calls } = setScene()
    const events = createStream(session, { fetch })(address, post)
    const first = events.next()
    const sent = await call(0)
    sent.open('id: 6\ndata: a\n\nid: 7\ndata: b\n\nid: 8\ndata: c')
    await first
    sent.fail()
    expect(await events.next()).toMatchObject({ value: { data: 'b' } })
    const error = await failureOf(events.next())
    expect(error).toBeInstanceOf(StreamError)
    expect(error).toMatchObject({ reason: 'interrupted', lastEventId: '7', cause: new TypeError('network error') })
    await settle()
    expect(calls).toHaveLength(1)
  })

  it('that gets no answer may have been taken, and is not sent again', async () => {
    const { session, fetch, call, calls } = setScene()
    const outcome = failureOf(createStream(session, { fetch }).each(address, post, () => {}))
    ;(await call(0)).fail()
    expect(await outcome).toMatchObject({ reason: 'interrupted', lastEventId: '' })
    await settle()
    expect(calls).toHaveLength(1)
  })

  it('goes on over three lifetimes of its token, which is refreshed meanwhile', async () => {
    const { session, issuer, clock, fetch, call, calls } = setScene()
    const took: string[] = []
    const outcome = createStream(session, { fetch }).each(address, post, ({ data }) => took.push(data))
    const sent = await call(0)
    sent.open()
    const steps = 3 * 60
    for (let minute = 1; minute <= steps; minute++) {
      sent.send(`data: ${minute}\n\n`)
      await clock.advance(60_000)
    }
    expect(sent.isGone).toBe(false)
    sent.end()
    await outcome
    expect(took).toHaveLength(steps)
    expect(calls).toHaveLength(1)
    expect(issuer.refreshes).toBe(3)
    expect(clock.pending).toBe(0)
  })
})

describe('the session', () => {
  it('that nobody has signed in to is waited for', async () => {
    const { session, issuer, fetch, call, calls } = setScene({ isSignedOut: true })
    const events = createStream(session, { fetch })(address)
    const first = events.next()
    await settle()
    expect(calls).toHaveLength(0)
    await session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
    const sent = await call(0)
    expect(sent.headers.get('authorization')).toMatch(/^Bearer /)
    sent.open('data: a\n\n')
    expect(await first).toMatchObject({ value: { data: 'a' } })
    await session.signOut()
    expect(await failureOf(events.next())).toMatchObject({ reason: 'signed-out' })
  })

  it('that is disposed is not waited for', async () => {
    const { session, fetch } = setScene({ isSignedOut: true })
    const outcome = failureOf(createStream(session, { fetch })(address).next())
    await settle()
    await session[Symbol.asyncDispose]()
    expect(await outcome).toMatchObject({ name: 'RefreshError', reason: 'disposed' })
  })

  it('is not waited for by a caller who gives up', async () => {
    const { session, issuer, fetch, calls } = setScene({ isSignedOut: true })
    const giveUp = new AbortController()
    const outcome = failureOf(createStream(session, { fetch }).each(address, { signal: giveUp.signal }, () => {}))
    await settle()
    giveUp.abort('enough')
    expect(await outcome).toBe('enough')
    await session.signIn(issuer.signIn().tokens)
    await settle()
    expect(calls).toHaveLength(0)
  })

  it('is not needed by an anonymous stream, which takes it where it is', async () => {
    const { session, issuer, fetch, call } = setScene({ isSignedOut: true })
    holdTimers()
    const events = createStream(session, { fetch, anonymous: true })(address)
    void events.next().catch(() => {})
    const bare = await call(0)
    expect(bare.headers.has('authorization')).toBe(false)
    bare.open()
    await session.signIn(issuer.signIn().tokens)
    bare.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    expect((await call(1)).headers.has('authorization')).toBe(true)
  })

  it('refuses an anonymous stream without a refresh', async () => {
    const { session, issuer, fetch, call } = setScene({ isSignedOut: true })
    const outcome = failureOf(createStream(session, { fetch, anonymous: true }).each(address, {}, () => {}))
    ;(await call(0)).answer(401)
    expect(await outcome).toMatchObject({ reason: 'status', status: 401 })
    expect(issuer.tokenPosts).toBe(0)
  })

  it.each(['expired', 'signed-out', 'switched'] as const)(
    'that is %s ends what is open, and shows nothing more',
    async (reason) => {
      const { session, issuer, fetch, call, calls } = setScene()
      const events = createStream(session, { fetch })(address)
      const first = events.next()
      const sent = await call(0)
      sent.open('data: a\n\ndata: b\n\n')
      await first
      if (reason === 'expired') session.expire()
      else if (reason === 'signed-out') void session.signOut()
      else void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
      expect(sent.isGone).toBe(true)
      const error = await failureOf(events.next())
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error).toMatchObject({ reason })
      await settle()
      expect(calls).toHaveLength(1)
    },
  )

  it('that ends during a wait ends the wait', async () => {
    holdTimers()
    const { session, fetch, call, calls } = setScene()
    const outcome = failureOf(createStream(session, { fetch }).each(address, {}, () => {}))
    ;(await call(0)).fail()
    await settle()
    expect(vi.getTimerCount()).toBe(1)
    void session.signOut()
    expect(await outcome).toMatchObject({ reason: 'signed-out' })
    expect(vi.getTimerCount()).toBe(0)
    expect(calls).toHaveLength(1)
  })

  it('is outlived by a stream that may', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch, outliveSession: true })(address, post)
    const first = events.next()
    const sent = await call(0)
    sent.open('data: a\n\n')
    await first
    void session.signOut()
    sent.send('data: b\n\n')
    expect(await events.next()).toMatchObject({ value: { data: 'b' } })
    sent.end()
    expect(await events.next()).toMatchObject({ done: true })
  })

  it('of somebody else is none for a stream that outlives its own', async () => {
    holdTimers()
    const { session, issuer, fetch, call, calls } = setScene()
    const events = createStream(session, { fetch, outliveSession: true })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open('id: 1\ndata: a\n\n')
    await first
    const second = failureOf(events.next())
    void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)
    sent.end()
    await settle()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await second).toMatchObject({ name: 'AuthenticationError', reason: 'switched' })
    expect(calls).toHaveLength(1)
  })

  it('is told what went on, without a token or a path', async () => {
    holdTimers()
    const told: unknown[] = []
    const { session, issuer, fetch, call } = setScene({ trace: (entry) => told.push(entry) })
    void createStream(session, { fetch })
      .each(`${address}?secret=1`, {}, () => {})
      .catch(() => {})
    ;(await call(0)).answer(401)
    ;(await call(1)).fail()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    await call(2)
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'replay', level: 'info', version: 2, origin: 'https://api.test' }),
    )
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'reconnect', reason: 'interrupted', origin: 'https://api.test', ms: 250 }),
    )
    expect(JSON.stringify(told)).not.toContain('secret')
    expect(issuer.isTokenIn(JSON.stringify(told))).toBe(false)
  })
})

describe('a silence', () => {
  it('longer than the heartbeat counts as a lost connection; comments break it', async () => {
    holdTimers()
    const { session, fetch, call, calls } = setScene()
    void createStream(session, { fetch, heartbeatMs: 10_000 })
      .each(address, {}, () => {})
      .catch(() => {})
    const sent = await call(0)
    sent.open()
    for (let beat = 0; beat < 5; beat++) {
      await vi.advanceTimersByTimeAsync(9_999)
      sent.send(':\n\n')
      await settle()
    }
    expect(sent.isGone).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent.isGone).toBe(true)
    await vi.advanceTimersByTimeAsync(250)
    expect(calls).toHaveLength(2)
  })

  it('before the answer does, too, and a POST tells of it', async () => {
    holdTimers()
    const { session, fetch, call } = setScene()
    const outcome = failureOf(createStream(session, { fetch, heartbeatMs: 10_000 }).each(address, post, () => {}))
    const sent = await call(0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent.isGone).toBe(true)
    expect(await outcome).toMatchObject({ reason: 'interrupted', cause: new Error('Nothing came for 10000 ms') })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('while nobody reads is the reader’s own', async () => {
    holdTimers()
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch, heartbeatMs: 10_000 })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open('data: a\n\n')
    await first
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.isGone).toBe(false)
  })
})

describe('an event that is too long', () => {
  it.each([
    ['comes in one piece', ['data: a\n\n', `data: ${'x'.repeat(101)}\n\ndata: c\n\n`]],
    ['never ends', ['data: a\n\n', `data: ${'x'.repeat(60)}`, 'x'.repeat(60), 'x'.repeat(60)]],
    ['has too many lines', ['data: a\n\n', `data: ${'x'.repeat(60)}\n`, `data: ${'x'.repeat(60)}\n`, '\n']],
    ['comes behind one that is not', [`data: a\n\ndata: ${'x'.repeat(101)}\n\ndata: c\n\n`]],
  ])('because it %s is an error, after what came before', async (_, pieces) => {
    const { session, fetch, call, calls } = setScene()
    const events = createStream(session, { fetch, maxEventBytes: 100 })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open()
    for (const piece of pieces) sent.send(piece)
    expect(await first).toMatchObject({ value: { data: 'a' } })
    const error = await failureOf(events.next())
    expect(error).toMatchObject({ name: 'StreamError', reason: 'too-long' })
    expect(String(error)).toContain('maxEventBytes')
    expect(sent.isGone).toBe(true)
    expect(calls).toHaveLength(1)
  })

  it('is an error of a POST, too', async () => {
    const { session, fetch, call } = setScene()
    const outcome = failureOf(createStream(session, { fetch, maxEventBytes: 10 }).each(address, post, () => {}))
    ;(await call(0)).open('data: 01234567890\n\n')
    expect(await outcome).toMatchObject({ reason: 'too-long' })
  })

  it('is none if it is a comment or no field, however long', async () => {
    const { session, fetch, call } = setScene()
    const events = createStream(session, { fetch, maxEventBytes: 100 })(address)
    const first = events.next()
    const sent = await call(0)
    sent.open()
    for (let index = 0; index < 10; index++) sent.send(index === 0 ? ':' : 'x'.repeat(1000))
    sent.send('\n')
    for (let index = 0; index < 10; index++) sent.send('x'.repeat(1000))
    sent.send(`\ndata: ${'y'.repeat(100)}\n\n`)
    expect(await first).toMatchObject({ value: { data: 'y'.repeat(100) } })
  })
})
