import { RefreshError } from '@reauth/core'
import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createWorld, lifetimeMs, origin } from './support/world.ts'

const plays = { error: null, paused: false, readyState: 4 }
const source = ({ version }: { version: number }, src: string): string => `${src}?version=${version}`

describe('while a credential is renewed', () => {
  it('the page may load something else, in the very turn', async () => {
    const world = createWorld()
    const element = await world.playing()
    await element.advance(20)
    world.refresh = async () => {
      element.src = `${origin}/two.mp3`
    }
    world.pushOut()
    await element.cut()
    await settle()
    expect(element).toMatchObject({ loads: 2, currentTime: 0, currentSrc: `${origin}/two.mp3` })
    expect(world.givenUp).toEqual([])
  })

  it('the page may load the same again, in the very turn', async () => {
    const world = createWorld()
    const element = await world.playing()
    await element.advance(20)
    world.refresh = async () => {
      element.load()
    }
    world.pushOut()
    await element.cut()
    await settle()
    expect(element).toMatchObject({ loads: 2, currentTime: 0, paused: true })
  })

  it('the page may load something else, and nothing is given up for it', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.refresh = async () => {
      element.src = `${origin}/two.mp3`
      throw new RefreshError('Down', { reason: 'unavailable' })
    }
    world.answer = ({ url }) => (url.endsWith('two.mp3') ? 206 : undefined)
    world.pushOut()
    await element.cut()
    await settle()
    expect(element).toMatchObject({ error: null, currentSrc: `${origin}/two.mp3` })
    expect(world.givenUp).toEqual([])
  })

  it('what was stopped stays as it is', async () => {
    const world = createWorld()
    const element = await world.playing()
    const errors = vi.fn<() => void>()
    element.addEventListener('error', errors)
    const { promise, resolve } = deferred()
    world.refresh = () => promise
    world.pushOut()
    await element.cut()
    await settle()
    world.stop()
    resolve()
    await settle()
    expect(errors).toHaveBeenCalledOnce()
    expect(element.loads).toBe(1)
    expect(world.givenUp).toEqual([])
  })

  it('a request that went with the one before may be refused: no probe is needed', async () => {
    const world = createWorld()
    const { promise, resolve } = deferred()
    world.refresh = () => promise
    world.clock.jump(2 * lifetimeMs)
    const element = await world.playing()
    resolve()
    await settle()
    expect(element).toMatchObject(plays)
    expect(world).toMatchObject({ refreshes: 1, probes: [] })
  })

  it('a request that went with the one before may be refused after it: no second refresh', async () => {
    const world = createWorld()
    world.clock.jump(2 * lifetimeMs)
    const element = world.element()
    const { promise, resolve } = deferred<'failed'>()
    const refreshed = deferred()
    world.refresh = () => refreshed.promise
    element.serveNext(promise)
    element.src = `${origin}/one.mp3`
    void element.play().catch(() => {})
    await settle()
    refreshed.resolve()
    await settle()
    expect(world.refreshes).toBe(1)
    resolve('failed')
    await settle()
    expect(element).toMatchObject({ ...plays, loads: 2 })
    expect(world).toMatchObject({ refreshes: 1 })
  })
})

describe('a load on trial', () => {
  it('is the last one, also where yet another credential has come', async () => {
    const world = createWorld()
    world.clock.jump(2 * lifetimeMs)
    const element = world.bareElement()
    world.answer = () => {
      if (element.loads === 2) void world.session.refresh()
      return 401
    }
    world.recover(element)
    element.src = `${origin}/one.mp3`
    await settle(20)
    expect(element.requests).toHaveLength(2)
    expect(world.givenUp).toMatchObject([{ error: { reason: 'refused' } }])
  })

  it('is refused at its own seek for good', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.answer = ({ from }) => (from === 0 ? undefined : 401)
    element.currentTime = 80
    await settle(20)
    expect(element.requests.map(({ from }) => from)).toEqual([0, 80, 0, 80])
    expect(world.givenUp).toMatchObject([{ error: { reason: 'refused' } }])
    expect(world.refreshes).toBe(1)
  })

  it('is over where the user has it play', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.pause()
    await settle()
    world.pushOut()
    element.currentTime = 80
    await settle()
    // As with preload=metadata.
    element.readyState = 1
    world.pushOut()
    void element.play().catch(() => {})
    await settle()
    await element.cut()
    await settle()
    expect(element).toMatchObject(plays)
    expect(world).toMatchObject({ refreshes: 2, givenUp: [] })
  })

  it('makes way for what the page loads in its place', async () => {
    const world = createWorld()
    const element = await world.playing()
    const play = element.play.bind(element)
    vi.spyOn(element, 'play').mockImplementationOnce(() => {
      queueMicrotask(() => {
        world.pushOut()
        element.src = `${origin}/two.mp3`
        void play().catch(() => {})
      })
      return play()
    })
    world.pushOut()
    await element.cut()
    await settle(20)
    expect(element).toMatchObject({ ...plays, currentSrc: `${origin}/two.mp3` })
    expect(world).toMatchObject({ refreshes: 2, givenUp: [] })
  })

  it('is one, where data is corrupt again', async () => {
    const world = createWorld()
    const errors = vi.fn<() => void>()
    world.answer = () => 'corrupt'
    const element = world.element({ classify: () => 'transient' })
    element.addEventListener('error', errors)
    element.src = `${origin}/one.mp3`
    await settle(20)
    expect(element.loads).toBe(2)
    expect(errors).toHaveBeenCalledOnce()
  })
})

describe('an item', () => {
  it('that was given up may be loaded again by the page', async () => {
    const world = createWorld()
    world.refresh = () => Promise.reject(new RefreshError('Down', { reason: 'unavailable' }))
    world.pushOut()
    const element = await world.playing()
    expect(world.givenUp).toHaveLength(1)
    world.refresh = async () => {}
    world.clock.jump(lifetimeMs)
    element.load()
    void element.play().catch(() => {})
    await settle()
    expect(element).toMatchObject(plays)
  })

  it('of one user is not loaded again as another', async () => {
    const world = createWorld()
    const element = await world.playing()
    await world.session.signIn({ identity: 'bob', expiresInMs: lifetimeMs })
    world.pushOut()
    await element.cut()
    await settle()
    expect(element.loads).toBe(1)
    expect(world.givenUp).toMatchObject([{ error: { reason: 'switched' } }])
    expect(world.refreshes).toBe(0)
  })

  it('that is paused is recovered also from a refusal of what was renewed ahead', async () => {
    const world = createWorld()
    const element = await world.playing()
    element.pause()
    await settle()
    world.clock.jump(2 * lifetimeMs)
    element.currentTime = 80
    await settle()
    world.pushOut()
    element.currentTime = 2
    await settle()
    expect(element).toMatchObject({ error: null, paused: true, currentTime: 2, readyState: 4 })
    expect(world).toMatchObject({ refreshes: 2, givenUp: [] })
  })

  it('that was recovered is watched as before', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.pushOut()
    await element.cut()
    await settle()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      world.pushOut()
      element.isSilent = true
      element.currentTime = 80
      await settle()
      await vi.advanceTimersByTimeAsync(8000)
      await settle()
    } finally {
      vi.useRealTimers()
    }
    expect(element).toMatchObject({ ...plays, currentTime: 80 })
    expect(world.refreshes).toBe(2)
  })

  it('is played no more where the browser wanted a click, until there is one', async () => {
    const onBlocked = vi.fn<() => void>()
    const world = createWorld()
    const element = await world.playing({ onBlocked })
    element.isAllowed = false
    for (const position of [80, 40]) {
      world.pushOut()
      element.currentTime = position
      await settle()
    }
    expect(world.refreshes).toBe(2)
    expect(element).toMatchObject({ error: null, paused: true })
    expect(onBlocked).toHaveBeenCalledOnce()
  })

  it('is none of a track that does not load', async () => {
    const world = createWorld()
    const element = await world.playing()
    const event = new Event('error')
    Object.defineProperty(event, 'target', { value: { localName: 'track' } })
    element.dispatchEvent(event)
    await settle()
    expect(world.probes).toEqual([])
    expect(element.loads).toBe(1)
  })
})

describe('nothing is renewed ahead', () => {
  it('where all of the data is there', async () => {
    const world = createWorld()
    const element = world.element()
    element.itemSeconds = 20
    element.src = `${origin}/short.mp3`
    await settle()
    world.clock.jump(2 * lifetimeMs)
    void element.play()
    await settle()
    expect(world.refreshes).toBe(0)
  })

  it('where addresses are signed', async () => {
    const world = createWorld()
    world.answer = () => 206
    const element = await world.playing({ source, signedUrl: true })
    element.pause()
    await settle()
    world.clock.jump(2 * lifetimeMs)
    element.currentTime = 80
    await settle()
    expect(world.refreshes).toBe(0)
  })

  it('and no address swapped, where the page only becomes visible', async () => {
    const document = Object.assign(new EventTarget(), { hidden: false })
    vi.stubGlobal('document', document)
    const world = createWorld()
    const element = await world.playing({ source })
    element.pause()
    await settle()
    await world.session.refresh()
    document.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(element.loads).toBe(1)
  })
})
