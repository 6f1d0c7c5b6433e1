import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createWorld, lifetimeMs, origin } from './support/world.ts'

const plays = { error: null, paused: false, readyState: 4 }

async function paused(world = createWorld(), options = {}): Promise<ReturnType<typeof world.bareElement>> {
  const element = await world.playing(options)
  element.pause()
  await settle()
  return element
}

describe('a stale cookie is renewed ahead', () => {
  it('while an element plays and has data to come: nothing is refused', async () => {
    const world = createWorld()
    const element = world.element()
    element.itemSeconds = 1000
    element.src = `${origin}/one.mp3`
    void element.play()
    await settle()
    for (let life = 1; life <= 5; life++) {
      await world.clock.advance(lifetimeMs)
      await element.cut()
      await settle()
      expect(element).toMatchObject(plays)
    }
    expect(element.loads).toBe(1)
    expect(element.log).not.toContain('error')
    // Each lives for two thirds of its life.
    expect(world.refreshes).toBe(7)
    expect(world.needlessRefreshes).toBe(0)
  })

  it('not while an element is paused, has all of its data, or has failed', async () => {
    const world = createWorld()
    const element = await paused(world)
    const short = world.element()
    short.itemSeconds = 20
    short.src = `${origin}/short.mp3`
    void short.play()
    const broken = world.element()
    broken.serveNext(Promise.resolve('failed'))
    broken.src = `${origin}/missing.mp3`
    void broken.play().catch(() => {})
    await settle()
    expect([element.paused, short.paused, broken.error?.code]).toEqual([true, false, 4])
    await world.clock.advance(5 * lifetimeMs)
    expect(world.refreshes).toBe(0)
  })

  it('before an element plays on after a pause', async () => {
    const world = createWorld()
    const element = await paused(world)
    world.clock.jump(2 * lifetimeMs)
    void element.play()
    await settle()
    expect(world.refreshes).toBe(1)
    await element.cut()
    await settle()
    expect(element).toMatchObject({ ...plays, loads: 1 })
    expect(world).toMatchObject({ refreshes: 1, probes: [] })
  })

  it('before a seek to where there is no data, and only then', async () => {
    const world = createWorld()
    const element = await paused(world)
    world.clock.jump(2 * lifetimeMs)
    element.currentTime = 20
    await settle()
    expect(world.refreshes).toBe(0)
    element.currentTime = 80
    await settle()
    expect(element).toMatchObject({ error: null, readyState: 4, currentTime: 80 })
    expect(world).toMatchObject({ refreshes: 1, probes: [] })
  })

  it('when the page becomes visible', async () => {
    const document = Object.assign(new EventTarget(), { hidden: true })
    vi.stubGlobal('document', document)
    const world = createWorld()
    const element = await paused(world)
    world.clock.jump(2 * lifetimeMs)
    document.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(world.refreshes).toBe(0)
    document.hidden = false
    document.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(world.refreshes).toBe(1)
    world.stop()
    world.clock.jump(2 * lifetimeMs)
    document.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(world.refreshes).toBe(1)
    expect(element.loads).toBe(1)
  })

  it('not for what is only there: preload=none asks for nothing', async () => {
    const world = createWorld()
    world.clock.jump(2 * lifetimeMs)
    const element = world.element()
    element.preload = 'none'
    element.src = `${origin}/one.mp3`
    await settle()
    expect(world.refreshes).toBe(0)
    void element.play()
    await settle()
    expect(world.refreshes).toBe(1)
    expect(element).toMatchObject(plays)
  })
})

describe('an element that waits for data', () => {
  async function silence(world = createWorld()): Promise<ReturnType<typeof world.bareElement>> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const element = await world.playing()
      element.isSilent = true
      element.currentTime = 80
      await settle()
      await vi.advanceTimersByTimeAsync(8000)
      await settle()
      return element
    } finally {
      vi.useRealTimers()
    }
  }

  it('is recovered after 8 s where its cookie is refused and no error tells', async () => {
    const world = createWorld()
    const playing = world.playing
    world.playing = async (options) => {
      const element = await playing(options)
      world.pushOut()
      return element
    }
    const element = await silence(world)
    expect(element).toMatchObject({ ...plays, currentTime: 80 })
    expect(world.refreshes).toBe(1)
  })

  it('is left alone where its cookie is good', async () => {
    const world = createWorld()
    const playing = world.playing
    world.playing = async (options) => {
      const element = await playing(options)
      element.serveNext(Promise.resolve('failed'))
      return element
    }
    const element = await silence(world)
    expect(element).toMatchObject({ error: null, seeking: true, loads: 1 })
    expect(world).toMatchObject({ refreshes: 0, probes: [`GET bytes=0-0 ${origin}/one.mp3`] })
  })
})

describe('an address that holds the credential', () => {
  const source = ({ version }: { version: number }, src: string): string => `${src}?version=${version}`

  it('is made anew with the renewed credential', async () => {
    const world = createWorld()
    const element = await world.playing({ source })
    await element.advance(10)
    world.pushOut()
    await element.cut()
    await settle()
    expect(element).toMatchObject({ ...plays, currentTime: 10, currentSrc: `${origin}/one.mp3?version=2` })
    expect(world.refreshes).toBe(1)
  })

  it('is swapped ahead at a seek only where a request is needed', async () => {
    const world = createWorld()
    const element = await paused(world, { source })
    await world.session.refresh()
    element.currentTime = 20
    await settle()
    expect(element.currentSrc).toBe(`${origin}/one.mp3`)
    const { promise, resolve } = deferred<'ok'>()
    element.serveNext(promise)
    element.currentTime = 80
    await settle()
    resolve('ok')
    await settle()
    expect(element).toMatchObject({ paused: true, currentTime: 80, currentSrc: `${origin}/one.mp3?version=2` })
    expect(world).toMatchObject({ refreshes: 1, probes: [] })
  })

  it('is asked for again where it is signed and was denied: no refresh, and any origin', async () => {
    const world = createWorld()
    const element = await world.playing({ source, signedUrl: true })
    element.src = 'https://storage.test/one.mp3?signature=1'
    void element.play()
    await settle()
    await element.advance(10)
    world.answer = ({ url }) => (url.includes('signature') ? 403 : undefined)
    await element.cut()
    await settle()
    expect(element).toMatchObject({ ...plays, currentTime: 10, currentSrc: 'https://storage.test/one.mp3?version=1' })
    expect(world.refreshes).toBe(0)
  })

  it('is given up where the new one is denied, too', async () => {
    const world = createWorld()
    world.answer = () => 403
    await world.playing({ source, signedUrl: true })
    await settle()
    expect(world.givenUp).toMatchObject([{ src: `${origin}/one.mp3`, error: { name: 'PermissionDeniedError' } }])
    expect(world.refreshes).toBe(0)
  })

  it('is given up where none can be made', async () => {
    const world = createWorld()
    const error = new Error('No such item')
    world.answer = () => 403
    await world.playing({ source: () => Promise.reject(error), signedUrl: true })
    await settle()
    expect(world.givenUp).toEqual([{ src: `${origin}/one.mp3`, error }])
  })
})
