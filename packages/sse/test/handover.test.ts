import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createStream } from '../src/create-stream.ts'
import { failureOf } from './support/failure-of.ts'
import { address, holdTimers, type Scene, setScene } from './support/scripted.ts'

/** Opens a stream with handover, whose first connection has brought these events. */
async function openStream(scene: Scene, text = 'id: 1\ndata: 1\n\n'): Promise<string[]> {
  const data: string[] = []
  const stream = createStream(scene.session, { fetch: scene.fetch, handover: true })
  stream.each(address, {}, (event) => data.push(event.data)).catch(() => {})
  ;(await scene.call(0)).open(text)
  await settle()
  return data
}

const event = (id: number): string => `id: ${id}\ndata: ${id}\n\n`

describe('a handover', () => {
  it('opens the next connection with the new credential, from where the stream is, before the token ends', async () => {
    const scene = setScene()
    await openStream(scene)
    const [first] = scene.calls
    // Five minutes before the end of an hour, without jitter.
    await scene.clock.advance(3_300_000)
    const second = await scene.call(1)
    expect(second.headers.get('last-event-id')).toBe('1')
    expect(second.headers.get('authorization')).toBe(`Bearer ${(await scene.session.tokens())?.accessToken}`)
    expect(second.headers.get('authorization')).not.toBe(first?.headers.get('authorization'))
    expect(first?.isGone).toBe(false)
  })

  it('keeps the old connection until the new one brings what it has brought', async () => {
    const told: object[] = []
    const scene = setScene({ trace: (entry) => told.push(entry) })
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open()
    first?.send(event(2))
    await settle()
    expect(first?.isGone).toBe(false)
    second.send(event(2) + event(3))
    await settle()
    expect(first?.isGone).toBe(true)
    second.send(event(4))
    await settle()
    expect(data).toEqual(['1', '2', '3', '4'])
    expect(told).toContainEqual(expect.objectContaining({ type: 'reconnect', reason: 'handover', ms: 0 }))
  })

  it('waits for the old connection to come to where the new one begins', async () => {
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    // A server that starts with what is new.
    second.open(event(4) + event(5))
    await settle()
    expect(data).toEqual(['1'])
    first?.send(event(2) + event(3) + event(4) + event(5) + event(6))
    await settle()
    expect(first?.isGone).toBe(true)
    second.send(event(6) + event(7))
    await settle()
    expect(data).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  })

  it('waits a second at the most', async () => {
    holdTimers()
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    ;(await scene.call(1)).open(event(2))
    await settle()
    await vi.advanceTimersByTimeAsync(999)
    expect(first?.isGone).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await settle()
    expect(first?.isGone).toBe(true)
    expect(data).toEqual(['1', '2'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('goes on with the new connection, however quiet, when the old one ends', async () => {
    holdTimers()
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open()
    await settle()
    first?.fail()
    await settle()
    second.send(event(2))
    await settle()
    expect(data).toEqual(['1', '2'])
    expect(scene.calls).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('goes on with the new connection when the old one ends before it has an answer', async () => {
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    first?.end()
    await settle()
    second.open(event(1) + event(2))
    await settle()
    expect(data).toEqual(['1', '2'])
    expect(scene.calls).toHaveLength(2)
  })

  it('within that second leaves the new connection alone afterwards', async () => {
    holdTimers()
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open(event(2))
    await settle()
    first?.end()
    await settle()
    await vi.advanceTimersByTimeAsync(1000)
    expect(second.isGone).toBe(false)
    expect(data).toEqual(['1', '2'])
  })

  it('to a quiet connection tells what the callback throws', async () => {
    const scene = setScene()
    const bug = new Error('A bug')
    const outcome = failureOf(
      createStream(scene.session, { fetch: scene.fetch, handover: true }).each(address, {}, ({ data }) => {
        if (data === '2') throw bug
      }),
    )
    const first = await scene.call(0)
    first.open(event(1))
    await settle()
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open()
    await settle()
    first.end()
    await settle()
    second.send(event(2))
    expect(await outcome).toBe(bug)
  })

  it('to a connection that begins with an event that is too long says so', async () => {
    const scene = setScene()
    const stream = createStream(scene.session, { fetch: scene.fetch, handover: true, maxEventBytes: 100 })
    const outcome = failureOf(stream.each(address, {}, () => {}))
    ;(await scene.call(0)).open(event(1))
    await settle()
    await scene.session.refresh()
    ;(await scene.call(1)).open(`id: 2\ndata: ${'x'.repeat(101)}\n\n`)
    await settle()
    scene.calls[0]?.end()
    expect(await outcome).toMatchObject({ name: 'StreamError', reason: 'too-long' })
  })

  it('takes an id for an old one only where the connections overlap', async () => {
    const scene = setScene()
    const ids: string[] = []
    createStream(scene.session, { fetch: scene.fetch, handover: true })
      .each(address, {}, ({ lastEventId }) => ids.push(lastEventId))
      .catch(() => {})
    ;(await scene.call(0)).open(event(1) + event(2) + event(1))
    await settle()
    expect(ids).toEqual(['1', '2', '1'])
  })

  it('takes no half event of the old connection', async () => {
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open()
    first?.send('id: 2\ndata: 2')
    await settle()
    first?.fail()
    await settle()
    second.send('id: 2\ndata: two\n\n')
    await settle()
    expect(data).toEqual(['1', 'two'])
  })

  it.each([
    ['is refused', (scene: Scene) => scene.calls[1]?.answer(401)],
    ['is denied', (scene: Scene) => scene.calls[1]?.answer(403)],
    ['is no stream', (scene: Scene) => scene.calls[1]?.answer(200, { 'content-type': 'text/html' })],
    ['is over', (scene: Scene) => scene.calls[1]?.answer(204)],
    ['cannot be had', (scene: Scene) => scene.calls[1]?.fail()],
    [
      'ends at once',
      (scene: Scene) => {
        scene.calls[1]?.open()
        scene.calls[1]?.end()
      },
    ],
  ])('keeps the old connection where the new one %s, and tries again with the next credential', async (_, answer) => {
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    await scene.session.refresh()
    await scene.call(1)
    answer(scene)
    await settle()
    expect(first?.isGone).toBe(false)
    expect(scene.calls[1]?.isGone).toBe(true)
    expect(scene.calls).toHaveLength(2)
    await scene.session.refresh()
    const third = await scene.call(2)
    first?.send(event(2))
    third.open(event(2) + event(3))
    await settle()
    expect(first?.isGone).toBe(true)
    expect(data).toEqual(['1', '2', '3'])
    expect(scene.issuer.refreshes).toBe(2)
  })

  it('does not happen while there is no connection to hand over', async () => {
    holdTimers()
    const scene = setScene()
    await openStream(scene)
    scene.calls[0]?.end()
    await settle()
    await scene.session.refresh()
    await settle()
    expect(scene.calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(250)
    expect(scene.calls).toHaveLength(2)
  })

  it('is one at a time', async () => {
    const scene = setScene()
    await openStream(scene)
    await scene.session.refresh()
    await scene.call(1)
    await scene.session.refresh()
    await settle()
    expect(scene.calls).toHaveLength(2)
  })

  it('does not happen where an event has no id', async () => {
    const scene = setScene()
    await openStream(scene, `${event(1)}data: 2\n\n`)
    await scene.session.refresh()
    await settle()
    expect(scene.calls).toHaveLength(1)
  })

  it('does not happen to a POST, nor unless it is asked for', async () => {
    for (const [options, init] of [
      [{ handover: true }, { method: 'POST' }],
      [{}, {}],
    ] as const) {
      const scene = setScene()
      createStream(scene.session, { fetch: scene.fetch, ...options })
        .each(address, init, () => {})
        .catch(() => {})
      ;(await scene.call(0)).open(event(1))
      await settle()
      await scene.session.refresh()
      await settle()
      expect(scene.calls).toHaveLength(1)
    }
  })

  it('ends both connections when the session ends', async () => {
    holdTimers()
    const scene = setScene()
    const data = await openStream(scene)
    await scene.session.refresh()
    ;(await scene.call(1)).open(event(3))
    await settle()
    void scene.session.signOut()
    await settle()
    expect(scene.calls.map(({ isGone }) => isGone)).toEqual([true, true])
    expect(vi.getTimerCount()).toBe(0)
    expect(data).toEqual(['1'])
  })

  it('that gets its first event as the session ends leaves no timer', async () => {
    holdTimers()
    const scene = setScene()
    await openStream(scene)
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open()
    await settle()
    second.send(event(3))
    void scene.session.signOut()
    await settle()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets go of an answer that comes when all is over, from a fetch that heeds no signal', async () => {
    const scene = setScene()
    const cancel = vi.fn<() => void>()
    const late = deferred<Response>()
    const fetch: typeof globalThis.fetch = (input, init) =>
      scene.calls.length > 0 ? late.promise : scene.fetch(input, init)
    const events = createStream(scene.session, { fetch, handover: true })(address)
    const first = events.next()
    ;(await scene.call(0)).open(event(1))
    await first
    await scene.session.refresh()
    await events.return()
    late.resolve(new Response(new ReadableStream({ cancel }), { headers: { 'content-type': 'text/event-stream' } }))
    await settle()
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('knows the last thousand ids', async () => {
    const scene = setScene()
    const data = await openStream(scene)
    const [first] = scene.calls
    for (let id = 2; id <= 3000; id++) first?.send(event(id))
    await settle()
    await scene.session.refresh()
    const second = await scene.call(1)
    let text = ''
    for (let id = 3000 - 1023; id <= 3001; id++) text += event(id)
    second.open(text)
    await settle()
    expect(data.map(Number)).toEqual(Array.from({ length: 3001 }, (_, index) => index + 1))
  })

  it('is the iterator’s, too, and goes no further than it is asked', async () => {
    const scene = setScene()
    const events = createStream(scene.session, { fetch: scene.fetch, handover: true })(address)
    const one = events.next()
    const first = await scene.call(0)
    first.open(event(1) + event(2))
    await one
    await scene.session.refresh()
    const second = await scene.call(1)
    second.open(event(3))
    second.send(event(4))
    await settle()
    expect(second.unread).toBe(1)
    first.send(event(3))
    const data: unknown[] = []
    for (let count = 0; count < 3; count++) data.push((await events.next()).value)
    expect(data).toMatchObject([{ data: '2' }, { data: '3' }, { data: '4' }])
    expect(first.isGone).toBe(true)
    await events.return()
  })
})
