import { PermissionDeniedError, type Verdict } from '@reauth/core'
import { editAnswer, settle, status as answer } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createStream } from '../src/create-stream.ts'
import { StreamError } from '../src/stream-error.ts'
import { failureOf } from './support/failure-of.ts'
import { address, holdTimers, type Scene, setScene } from './support/scripted.ts'

/** Opens a stream by its callback path, and returns what comes of it. */
function follow(scene: Scene, init: RequestInit = {}): { outcome: Promise<unknown>; data: string[] } {
  const data: string[] = []
  const stream = createStream(scene.session, { fetch: scene.fetch })
  const outcome = stream.each(address, init, (event) => data.push(event.data)).catch((error: unknown) => error)
  return { outcome, data }
}

const post: RequestInit = { method: 'POST', body: '{}' }

describe('an answer that is no stream', () => {
  it.each([200, 201, 202, 205, 206, 300, 304, 400, 402, 404, 405, 406, 409, 410, 418, 422])(
    '%i without the type of a stream ends it, and nothing is sent again',
    async (status) => {
      for (const init of [{}, post]) {
        const scene = setScene()
        const { outcome } = follow(scene, init)
        ;(await scene.call(0)).answer(status, { 'content-type': 'application/json; charset=utf-8' })
        const error = await outcome
        expect(error).toBeInstanceOf(StreamError)
        expect(scene.calls[0]?.isGone).toBe(true)
        expect(error).toMatchObject({ reason: status === 200 ? 'content-type' : 'status', status, lastEventId: '' })
        await settle()
        expect(scene.calls).toHaveLength(1)
        expect(scene.issuer.tokenPosts).toBe(0)
      }
    },
  )

  it.each(['text/event-stream', 'TEXT/Event-Stream', 'text/event-stream;charset=utf-8', 'text/event-stream ; a=b'])(
    '%s is the type of a stream',
    async (type) => {
      const scene = setScene()
      const { outcome } = follow(scene, post)
      const call = await scene.call(0)
      call.answer(200, { 'content-type': type })
      call.end()
      expect(await outcome).toBeUndefined()
    },
  )

  it.each(['text/event-streams', 'text/plain', 'application/text/event-stream', ''])('%s is not', async (type) => {
    const scene = setScene()
    const { outcome } = follow(scene)
    ;(await scene.call(0)).answer(200, { 'content-type': type })
    expect(await outcome).toMatchObject({ reason: 'content-type', status: 200 })
  })

  it('201 is none with that type either', async () => {
    const scene = setScene()
    const { outcome } = follow(scene)
    ;(await scene.call(0)).answer(201, { 'content-type': 'text/event-stream' })
    expect(await outcome).toMatchObject({ reason: 'status', status: 201 })
  })

  it('204 ends it without an error', async () => {
    for (const init of [{}, post]) {
      const scene = setScene()
      const { outcome } = follow(scene, init)
      ;(await scene.call(0)).answer(204)
      expect(await outcome).toBeUndefined()
    }
  })

  it('403 and insufficient_scope are denials, which cost no refresh', async () => {
    for (const [status, challenge] of [
      [403, ''],
      [401, 'Bearer error="insufficient_scope"'],
    ] as const) {
      const scene = setScene()
      const { outcome } = follow(scene)
      ;(await scene.call(0)).answer(status, { 'www-authenticate': challenge })
      expect(await outcome).toBeInstanceOf(PermissionDeniedError)
      expect(scene.calls).toHaveLength(1)
      expect(scene.issuer.tokenPosts).toBe(0)
      expect(scene.session.state.status).toBe('active')
    }
  })

  it('a step-up is the caller’s to answer', async () => {
    const scene = setScene()
    const { outcome } = follow(scene)
    ;(await scene.call(0)).answer(401, { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' })
    expect(await outcome).toMatchObject({ reason: 'status', status: 401 })
    expect(scene.issuer.tokenPosts).toBe(0)
  })

  it('classify that throws ends the stream with that', async () => {
    const { session, fetch, call } = setScene()
    const bug = new Error('A bug')
    const classify = (): never => {
      throw bug
    }
    const outcome = failureOf(createStream(session, { fetch, classify }).each(address, null, () => {}))
    const sent = await call(0)
    sent.open('data: a\n\n')
    expect(await outcome).toBe(bug)
    expect(sent.isGone).toBe(true)
  })

  it('classify has the first word', async () => {
    const scene = setScene()
    const verdicts: Record<number, Verdict> = { 419: 'refused', 404: 'transient', 503: 'denied' }
    const stream = createStream(scene.session, { fetch: scene.fetch, classify: ({ status }) => verdicts[status] })
    holdTimers()
    const outcome = failureOf(stream.each(address, {}, () => {}))
    ;(await scene.call(0)).answer(419)
    ;(await scene.call(1)).answer(404)
    await vi.advanceTimersByTimeAsync(250)
    ;(await scene.call(2)).answer(503)
    expect(await outcome).toBeInstanceOf(PermissionDeniedError)
    expect(scene.issuer.refreshes).toBe(1)
  })
})

describe('an answer that says to try later', () => {
  it.each([408, 425, 429, 500, 502, 503, 504, 599])('%i to a GET is waited out, longer each time', async (status) => {
    holdTimers()
    const scene = setScene()
    const { outcome, data } = follow(scene)
    let index = 0
    // Without jitter it is the least wait each time.
    for (; index < 3; index++) {
      ;(await scene.call(index)).answer(status)
      await vi.advanceTimersByTimeAsync(249)
      expect(scene.calls).toHaveLength(index + 1)
      expect(scene.calls[index]?.isGone).toBe(true)
      await vi.advanceTimersByTimeAsync(1)
    }
    ;(await scene.call(index)).open('data: a\n\n')
    await settle()
    expect(data).toEqual(['a'])
    await scene.session.signOut()
    expect(await outcome).toMatchObject({ reason: 'signed-out' })
  })

  it.each([408, 425, 429, 500, 503])('%i to a POST is told', async (status) => {
    const scene = setScene()
    const { outcome } = follow(scene, post)
    ;(await scene.call(0)).answer(status, { 'retry-after': '7' })
    expect(await outcome).toMatchObject({ reason: 'status', status, retryAfterMs: 7000 })
    await settle()
    expect(scene.calls).toHaveLength(1)
  })

  it.each([429, 503])('Retry-After of a %i is obeyed', async (status) => {
    holdTimers()
    const scene = setScene()
    void follow(scene)
    ;(await scene.call(0)).answer(status, { 'retry-after': '120' })
    await settle()
    await vi.advanceTimersByTimeAsync(119_999)
    expect(scene.calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(scene.calls).toHaveLength(2)
  })

  it('the wait doubles at the most, up to half a minute, and starts over with an event', async () => {
    holdTimers()
    vi.mocked(Math.random).mockReturnValue(1)
    const scene = setScene()
    const { data } = follow(scene)
    for (const [index, ms] of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
      ;(await scene.call(index)).fail()
      await settle()
      await vi.advanceTimersByTimeAsync(ms - 1)
      expect(scene.calls).toHaveLength(index + 1)
      await vi.advanceTimersByTimeAsync(1)
    }
    const call = await scene.call(8)
    call.open('data: a\n\n')
    await settle()
    expect(data).toEqual(['a'])
    call.end()
    await settle()
    await vi.advanceTimersByTimeAsync(500)
    expect(scene.calls).toHaveLength(10)
  })

  it('the server’s retry is the least wait, and may be none at all for the first', async () => {
    holdTimers()
    const scene = setScene()
    void follow(scene)
    const first = await scene.call(0)
    first.open('retry: 5000\n\n')
    await settle()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(4999)
    expect(scene.calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    const second = await scene.call(1)
    second.open('retry: 0\ndata: a\n\n')
    await settle()
    second.end()
    await settle()
    await vi.advanceTimersByTimeAsync(0)
    const third = await scene.call(2)
    third.open()
    third.end()
    await settle()
    await vi.advanceTimersByTimeAsync(249)
    expect(scene.calls).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(1)
    expect(scene.calls).toHaveLength(4)
  })

  it('a retry beyond what timers can count is waited for as long as they can', async () => {
    holdTimers()
    const scene = setScene()
    void follow(scene)
    const call = await scene.call(0)
    call.open('retry: 9007199254740991\n\n')
    await settle()
    call.end()
    await settle()
    await vi.advanceTimersByTimeAsync(2 ** 31 - 2)
    expect(scene.calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(scene.calls).toHaveLength(2)
  })
})

describe('a refusal', () => {
  it('on the way costs one refresh, and the stream goes on where it was', async () => {
    holdTimers()
    const scene = setScene()
    const { data } = follow(scene)
    const first = await scene.call(0)
    first.open('id: 7\ndata: a\n\n')
    await settle()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    ;(await scene.call(1)).answer(401)
    const third = await scene.call(2)
    third.open('id: 8\ndata: b\n\n')
    await settle()
    expect(data).toEqual(['a', 'b'])
    expect(scene.calls.map(({ headers }) => headers.get('last-event-id'))).toEqual([null, '7', '7'])
    const [, second] = scene.calls.map(({ headers }) => headers.get('authorization'))
    expect(third.headers.get('authorization')).not.toBe(second)
    expect(scene.calls.map(({ isGone }) => isGone)).toEqual([true, true, false])
    expect(scene.issuer.refreshes).toBe(1)
  })

  it('on the way that comes twice ends the stream, after one refresh', async () => {
    holdTimers()
    const scene = setScene()
    const { outcome } = follow(scene)
    const first = await scene.call(0)
    first.open()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    ;(await scene.call(1)).answer(401)
    ;(await scene.call(2)).answer(401)
    expect(await outcome).toMatchObject({ name: 'AuthenticationError', reason: 'refused' })
    expect(scene.calls).toHaveLength(3)
    expect(scene.issuer.refreshes).toBe(1)
  })

  it('on the way is told where no refresh will ever mend it', async () => {
    holdTimers()
    const scene = setScene()
    const { outcome } = follow(scene)
    const first = await scene.call(0)
    first.open()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    scene.issuer.faults.next(editAnswer(() => ({})))
    ;(await scene.call(1)).answer(401)
    expect(await outcome).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
  })

  it('of a POST whose body is a stream is told at once, and the next one finds a new credential', async () => {
    const scene = setScene()
    const { outcome } = follow(scene, { method: 'POST', body: new ReadableStream(), duplex: 'half' } as RequestInit)
    ;(await scene.call(0)).answer(401)
    expect(await outcome).toMatchObject({ reason: 'status', status: 401 })
    await settle()
    expect(scene.calls).toHaveLength(1)
    expect(scene.issuer.refreshes).toBe(1)
  })

  it('from another origin, behind a redirect, is not ours', async () => {
    const scene = setScene()
    const stream = createStream(scene.session, {
      fetch: () =>
        Promise.resolve(
          Object.defineProperties(new Response(null, { status: 401 }), {
            redirected: { value: true },
            url: { value: 'https://elsewhere.test/' },
          }),
        ),
    })
    expect(await failureOf(stream.each(address, {}, () => {}))).toMatchObject({ reason: 'status', status: 401 })
    expect(scene.issuer.tokenPosts).toBe(0)
  })

  it('while the issuer is busy is outlasted by a stream that was open', async () => {
    holdTimers()
    const scene = setScene()
    const { data } = follow(scene)
    const first = await scene.call(0)
    first.open('id: 1\ndata: a\n\n')
    await settle()
    first.end()
    await settle()
    await vi.advanceTimersByTimeAsync(250)
    scene.issuer.faults.next(answer(503, { retryAfter: '10' }))
    ;(await scene.call(1)).answer(401)
    await settle()
    expect(scene.calls).toHaveLength(2)
    scene.clock.jump(10_000)
    await vi.advanceTimersByTimeAsync(10_000)
    ;(await scene.call(2)).answer(401)
    ;(await scene.call(3)).open('id: 2\ndata: b\n\n')
    await settle()
    expect(data).toEqual(['a', 'b'])
    expect(scene.issuer.refreshes).toBe(1)
  })
})
