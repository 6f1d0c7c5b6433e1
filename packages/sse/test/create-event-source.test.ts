import { AuthenticationError } from '@reauth/core'
import { settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createEventSource } from '../src/create-event-source.ts'
import { address, holdTimers, type Scene, setScene } from './support/scripted.ts'

interface Heard {
  readonly source: EventSource
  /** Each event with the state that it was told in. */
  readonly events: string[]
  readonly errors: (Event & { error?: unknown; code?: number })[]
}

function listen(scene: Scene, init?: EventSourceInit): Heard {
  const source = new (createEventSource(scene.session, { fetch: scene.fetch }))(address, init)
  const events: string[] = []
  const errors: Event[] = []
  source.addEventListener('open', () => events.push(`open ${source.readyState}`))
  source.addEventListener('message', ({ data, lastEventId }) => events.push(`message ${data} ${lastEventId}`))
  source.addEventListener('tick', ({ data }) => events.push(`tick ${data}`))
  source.addEventListener('error', (event) => {
    errors.push(event)
    events.push(`error ${source.readyState}`)
  })
  return { source, events, errors }
}

describe('the class', () => {
  it('has the surface of EventSource', async () => {
    const { session, fetch } = setScene()
    const Source = createEventSource(session, { fetch })
    const source = new Source(address, { withCredentials: true })
    const constants = { CONNECTING: 0, OPEN: 1, CLOSED: 2 }
    expect({ ...Source }).toMatchObject(constants)
    expect(Source.prototype).toMatchObject(constants)
    expect(source).toMatchObject({ ...constants, url: address, withCredentials: true, readyState: 0 })
    expect(source).toMatchObject({ onopen: null, onmessage: null, onerror: null })
    expect(source).toBeInstanceOf(EventTarget)
    source.close()
    expect(source.readyState).toBe(2)
    expect(() => new Source('https://elsewhere.test')).toThrow(TypeError)
  })

  it.each([
    [undefined, 'same-origin'],
    [null as never, 'same-origin'],
    [{ withCredentials: true }, 'include'],
  ] as const)('sends cookies as EventSource does: %o', async (init, credentials) => {
    const scene = setScene()
    const { source } = listen(scene, init)
    expect((await scene.call(0)).init.credentials).toBe(credentials)
    source.close()
  })

  it('opens, tells named events by their name, and reconnects with the last id', async () => {
    holdTimers()
    const scene = setScene()
    const { source, events } = listen(scene)
    const first = await scene.call(0)
    first.open('id: 1\ndata: a\n\nevent: tick\ndata: b\n\n')
    await settle()
    first.end()
    await settle()
    expect(source.readyState).toBe(0)
    await vi.advanceTimersByTimeAsync(250)
    const second = await scene.call(1)
    expect(second.headers.get('last-event-id')).toBe('1')
    second.open('data: c\n\n')
    await settle()
    expect(events).toEqual(['open 1', 'message a 1', 'tick b', 'error 0', 'open 1', 'message c 1'])
    source.close()
    expect(second.isGone).toBe(true)
  })

  it('tells messages with data, id and origin, and calls handlers with itself as this', async () => {
    const scene = setScene()
    const { source } = listen(scene)
    const heard = new Promise<unknown[]>((resolve) => {
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- they are what is tested
      source.onmessage = function (this: EventSource, event) {
        resolve([this, event])
      }
    })
    ;(await scene.call(0)).open('id: 7\ndata: a\n\n')
    const [self, event] = await heard
    expect(self).toBe(source)
    expect(event).toBeInstanceOf(MessageEvent)
    expect(event).toMatchObject({ type: 'message', data: 'a', lastEventId: '7', origin: 'https://api.test' })
    source.close()
  })

  it('goes on over a refusal, which its listeners hear nothing of', async () => {
    const scene = setScene()
    const { source, events } = listen(scene)
    ;(await scene.call(0)).answer(401)
    ;(await scene.call(1)).open('data: a\n\n')
    await settle()
    expect(events).toEqual(['open 1', 'message a '])
    expect(scene.issuer.refreshes).toBe(1)
    source.close()
  })

  it.each([
    [204, undefined, undefined],
    [403, 403, 'PermissionDeniedError'],
    [404, 404, 'StreamError'],
  ])('is closed by a %i, and says why', async (status, code, name) => {
    const scene = setScene()
    const { source, events, errors } = listen(scene)
    ;(await scene.call(0)).answer(status)
    await settle()
    expect(events).toEqual(['error 2'])
    expect(source.readyState).toBe(2)
    expect(errors[0]?.code).toBe(code)
    expect((errors[0]?.error as Error | undefined)?.name).toBe(name)
    expect(scene.calls).toHaveLength(1)
  })

  it('says which failure it waits for to pass', async () => {
    holdTimers()
    const scene = setScene()
    const { source, events, errors } = listen(scene)
    ;(await scene.call(0)).answer(503)
    await settle()
    expect(events).toEqual(['error 0'])
    expect(errors[0]).toMatchObject({ code: 503, error: { name: 'StreamError', status: 503 } })
    source.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is closed by the end of the session', async () => {
    const scene = setScene()
    const { events, errors } = listen(scene)
    ;(await scene.call(0)).open()
    await settle()
    void scene.session.signOut()
    await settle()
    expect(events).toEqual(['open 1', 'error 2'])
    expect(errors[0]?.error).toBeInstanceOf(AuthenticationError)
    expect(errors[0]?.code).toBe(401)
  })

  it('tells nothing after close(), wherever it comes', async () => {
    const scene = setScene()
    const { source, events } = listen(scene)
    source.addEventListener('message', () => {
      source.close()
    })
    ;(await scene.call(0)).open('data: a\n\ndata: b\n\n')
    await settle()
    expect(events).toEqual(['open 1', 'message a '])
    expect(source.readyState).toBe(2)
    await settle()
    expect(scene.calls).toHaveLength(1)
  })

  it('closed while it waits for a sign-in or a refresh, sends nothing', async () => {
    const scene = setScene({ isSignedOut: true })
    const { source, events } = listen(scene)
    await settle()
    source.close()
    await scene.session.signIn(scene.issuer.signIn().tokens)
    await settle()
    expect(scene.calls).toHaveLength(0)
    expect(events).toEqual([])
  })
})
