import { AuthenticationError, RefreshError } from '@reauth/core'
import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { FakeElement } from './support/fake-element.ts'
import { createWorld, lifetimeMs, origin } from './support/world.ts'

const playsOn = { error: null, paused: false, readyState: 4 }
const failed = { error: { code: 4 }, paused: true }

describe('an element whose cookie is refused', () => {
  it('plays on where it was, after one refresh', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.playbackRate = 1.5
    element.volume = 0.3
    await element.advance(10)
    world.pushOut()

    await element.cut()
    await settle()

    expect(element).toMatchObject({ ...playsOn, currentTime: 15, playbackRate: 1.5, volume: 0.3 })
    expect(world.refreshes).toBe(1)
    expect(world.probes).toEqual([`GET bytes=0-0 ${origin}/one.mp3`])
    expect(world.givenUp).toEqual([])
    expect(element.loads).toBe(2)
  })

  it('is loaded again where it was refused at load', async () => {
    const world = createWorld()
    world.pushOut()
    const element = await world.playing()
    expect(element).toMatchObject(playsOn)
    expect(world.refreshes).toBe(1)
  })

  it('goes on from the target of a seek', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.pushOut()
    element.currentTime = 80
    await settle()
    expect(element).toMatchObject({ ...playsOn, currentTime: 80 })
    expect(world.refreshes).toBe(1)
  })

  it('stays paused, and is ready where it was', async () => {
    const world = createWorld()
    const element = await world.playing()
    await element.advance(10)
    element.pause()
    await settle()
    world.pushOut()
    element.currentTime = 80
    await settle()
    expect(element).toMatchObject({ error: null, paused: true, readyState: 4, currentTime: 80 })
    expect(element.log.filter((type) => type === 'play')).toHaveLength(1)
  })

  it('stays paused where it plays by itself once it is loaded', async () => {
    const world = createWorld()
    const element = world.element()
    element.autoplay = true
    element.src = `${origin}/one.mp3`
    await settle()
    expect(element.paused).toBe(false)
    element.pause()
    await settle()
    world.pushOut()
    element.currentTime = 80
    await settle()
    expect(element).toMatchObject({ error: null, paused: true, readyState: 4 })
  })

  it('does what the page asked for meanwhile', async () => {
    const world = createWorld()
    const element = await world.playing()
    const { promise, resolve } = deferred()
    world.refresh = () => promise
    world.pushOut()
    element.currentTime = 80
    await settle()
    element.playbackRate = 2
    element.currentTime = 70
    resolve()
    await settle()
    expect(element).toMatchObject({ ...playsOn, currentTime: 70, playbackRate: 2 })
  })

  it('keeps which text tracks are shown', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.textTracks = [{ mode: 'disabled' }, { mode: 'showing' }]
    element.addEventListener('emptied', () => {
      element.textTracks = [{ mode: 'showing' }, { mode: 'disabled' }]
    })
    world.pushOut()
    await element.cut()
    await settle()
    expect(element.textTracks).toEqual([{ mode: 'disabled' }, { mode: 'showing' }])
  })

  it('is told when the browser does not let it play on, and waits', async () => {
    const onBlocked = vi.fn<() => void>()
    const world = createWorld()
    const element = await world.playing({ onBlocked })
    world.pushOut()
    element.isAllowed = false
    await element.cut()
    await settle()
    expect(element).toMatchObject({ error: null, paused: true })
    expect(onBlocked).toHaveBeenCalledExactlyOnceWith({
      src: `${origin}/one.mp3`,
      error: expect.objectContaining({ name: 'NotAllowedError' }) as unknown,
    })
  })

  it('is known by its age: no probe', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.pause()
    await settle()
    world.clock.jump(2 * lifetimeMs)
    await element.cut()
    await settle()
    expect(element).toMatchObject({ error: null, readyState: 4 })
    expect(world.refreshes).toBe(1)
    expect(world.probes).toEqual([])
  })

  it('is loaded again at no cost where the cookie was renewed meanwhile', async () => {
    const world = createWorld()
    const element = await world.playing()
    const { promise, resolve } = deferred()
    world.pushOut()
    const late = promise.then(() => 'failed' as const)
    element.serveNext(late)
    void element.cut()
    await world.session.refresh()
    resolve()
    await settle()
    expect(element).toMatchObject(playsOn)
    expect(world.refreshes).toBe(1)
    expect(element.loads).toBe(2)
  })
})

describe('an item that is refused twice', () => {
  const refused = expect.objectContaining({ name: 'AuthenticationError', reason: 'refused' }) as unknown

  it('is given up: two loads, one refresh, and no error to skip it twice', async () => {
    const world = createWorld()
    const errors = vi.fn<() => void>()
    world.answer = () => 401
    const element = world.element()
    element.addEventListener('error', errors)
    element.src = `${origin}/one.mp3?ticket=secret`
    void element.play().catch(() => {})
    await settle()
    expect(world.givenUp).toEqual([{ src: `${origin}/one.mp3`, error: refused }])
    expect(element).toMatchObject(failed)
    expect(element.requests).toHaveLength(2)
    expect(world.refreshes).toBe(1)
    expect(errors).not.toHaveBeenCalled()
    expect(JSON.stringify(world.traced)).not.toContain('secret')
  })

  it('is an error like any other to who has no onGiveUp', async () => {
    const world = createWorld()
    const errors = vi.fn<() => void>()
    world.answer = () => 401
    const element = await world.playing({ onGiveUp: undefined } as object)
    element.addEventListener('error', errors)
    element.load()
    await settle()
    expect(errors).toHaveBeenCalledOnce()
  })

  it('lets the next one play', async () => {
    const world = createWorld()
    world.answer = ({ url }) => (url.endsWith('one.mp3') ? 401 : undefined)
    const element: FakeElement = world.element({
      onGiveUp() {
        element.src = `${origin}/two.mp3`
        void element.play()
      },
    })
    element.src = `${origin}/one.mp3`
    void element.play().catch(() => {})
    await settle(20)
    expect(element).toMatchObject({ ...playsOn, currentSrc: `${origin}/two.mp3` })
    expect(world.refreshes).toBe(1)
  })

  it('is refused for the first time again once it has played', async () => {
    const world = createWorld()
    const element = await world.playing()
    for (let time = 1; time <= 5; time++) {
      world.pushOut()
      await element.cut()
      await settle()
      expect(element).toMatchObject(playsOn)
      expect(world.refreshes).toBe(time)
    }
  })

  it('is refused for the first time again where the user seeks in what is paused', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.pause()
    await settle()
    for (const position of [80, 5, 60]) {
      world.pushOut()
      element.currentTime = position
      await settle()
      expect(element).toMatchObject({ error: null, paused: true, currentTime: position })
    }
    expect(world.refreshes).toBe(3)
  })
})

describe('an element whose credential cannot be renewed', () => {
  it.each([
    ['that is unavailable', new RefreshError('Down', { reason: 'unavailable' }), 'RefreshError'],
    ['that is rejected', new RefreshError('Dead', { reason: 'rejected' }), 'AuthenticationError'],
  ])('gives up after a refresh %s', async (_title, error, name) => {
    const world = createWorld()
    world.refresh = () => Promise.reject(error)
    world.pushOut()
    const element = await world.playing()
    expect(world.givenUp).toMatchObject([{ src: `${origin}/one.mp3`, error: { name } }])
    expect(element).toMatchObject(failed)
    expect(element.requests).toHaveLength(1)
    expect(world.refreshes).toBe(1)
  })

  it('gives up when somebody else signs in meanwhile', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.refresh = () => world.session.signIn({ identity: 'bob' })
    world.pushOut()
    await element.cut()
    await settle()
    expect(world.givenUp).toMatchObject([{ error: { reason: 'switched' } }])
    expect(element.loads).toBe(1)
  })

  it('plays what is public: a refresh that fails changes nothing', async () => {
    const world = createWorld()
    world.answer = () => 206
    world.refresh = () => Promise.reject(new RefreshError('Down', { reason: 'unavailable' }))
    world.clock.jump(2 * lifetimeMs)
    const element = await world.playing()
    expect(element).toMatchObject(playsOn)
    expect(world.givenUp).toEqual([])
  })

  it('plays what is public where nobody is signed in, and gives up what is not', async () => {
    const world = createWorld()
    world.answer = ({ url }) => (url.endsWith('one.mp3') ? 206 : 401)
    await world.session.signOut()
    const element = await world.playing()
    expect(element).toMatchObject(playsOn)
    element.src = `${origin}/two.mp3`
    await settle()
    expect(world.givenUp).toMatchObject([{ error: { reason: 'signed-out' } }])
    expect(world.givenUp[0]?.error).toBeInstanceOf(AuthenticationError)
    expect(world.refreshes).toBe(0)
  })
})
