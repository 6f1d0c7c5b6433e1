import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { type Answer, createWorld, origin, type World } from './support/world.ts'

const errorsOf = (element: EventTarget): (() => void) => {
  const listener = vi.fn<() => void>()
  element.addEventListener('error', listener)
  return listener
}

async function fail(world: World, answer: Answer, options = {}): Promise<{ code: unknown; errors: () => void }> {
  const element = await world.playing(options)
  const errors = errorsOf(element)
  world.answer = () => answer
  await element.cut()
  await settle()
  return { code: element.error?.code, errors }
}

describe('a failure that is no refusal', () => {
  it.each<Answer>([403, 404, 500, 206, 'reset'])('is the page’s own: %s', async (answer) => {
    const world = createWorld()
    const element = await world.playing()
    const errors = errorsOf(element)
    element.serveNext(Promise.resolve('failed'))
    world.answer = () => answer
    await element.cut()
    await settle()
    expect(element.error).toEqual({ code: 2 })
    expect(errors).toHaveBeenCalledOnce()
    expect(element.loads).toBe(1)
    expect(world).toMatchObject({ refreshes: 0, givenUp: [], probes: [`GET bytes=0-0 ${origin}/one.mp3`] })
  })

  it('is passed on at once where data cannot be decoded: no probe, no refresh', async () => {
    const world = createWorld()
    const { code, errors } = await fail(world, 'corrupt')
    expect(code).toBe(3)
    expect(errors).toHaveBeenCalledOnce()
    expect(world).toMatchObject({ refreshes: 0, givenUp: [], probes: [] })
  })

  it('loads an item once more past all caches, on request', async () => {
    const world = createWorld()
    const element = await world.playing({
      classify: ({ mediaError }) => (mediaError?.code === 3 ? 'transient' : undefined),
    })
    await element.advance(10)
    world.answer = ({ url }) => (url.includes('?reload=') ? undefined : 'corrupt')
    await element.cut()
    await settle()
    expect(element).toMatchObject({ error: null, paused: false, currentTime: 10, readyState: 4 })
    expect(element.currentSrc).toMatch(/\/one\.mp3\?reload=\d+$/)

    world.answer = () => 'corrupt'
    const errors = errorsOf(element)
    await element.cut()
    await settle()
    await element.cut()
    await settle()
    expect(errors).toHaveBeenCalled()
    expect(world.refreshes).toBe(0)
  })

  it('is what classify says it is', async () => {
    const world = createWorld()
    const element = await world.playing({ classify: ({ status }) => (status === 419 ? 'refused' : undefined) })
    world.answer = () => (world.refreshes === 0 ? 419 : undefined)
    await element.cut()
    await settle()
    expect(element).toMatchObject({ error: null, paused: false })
    expect(world.refreshes).toBe(1)
  })

  it('of an origin that is not listed is let alone, and told once', async () => {
    const world = createWorld()
    const element = world.element()
    const errors = errorsOf(element)
    world.answer = () => 401
    element.src = 'https://elsewhere.test/one.mp3?ticket=secret'
    await settle()
    element.src = 'https://elsewhere.test/two.mp3'
    await settle()
    expect(errors).toHaveBeenCalledTimes(2)
    expect(world).toMatchObject({ refreshes: 0, probes: [] })
    expect(world.traced.filter(({ type }) => type === 'warning')).toMatchObject([
      { origin: 'https://elsewhere.test', reason: expect.stringContaining('add origins') as unknown },
    ])
  })
})

describe('an item that changes', () => {
  const moments: [string, (world: World) => Promise<void>][] = [
    ['while a probe is on its way', async () => {}],
    [
      'while its credential is renewed',
      async (world) => {
        world.pushOut()
        await settle()
      },
    ],
  ]
  it.each(moments)('is not disturbed by the recovery of the one before, %s', async (_moment, until) => {
    const world = createWorld()
    const element = await world.playing()
    const errors = errorsOf(element)
    await element.advance(20)
    let go = (): void => {}
    world.refresh = () =>
      new Promise((resolve) => {
        go = resolve
      })
    element.serveNext(Promise.resolve('failed'))
    await element.cut()
    await until(world)
    world.answer = () => 206
    element.src = `${origin}/two.mp3`
    void element.play()
    go()
    await settle()
    expect(element).toMatchObject({ error: null, paused: false, currentTime: 0, currentSrc: `${origin}/two.mp3` })
    expect(element.loads).toBe(2)
    expect(errors).not.toHaveBeenCalled()
    expect(world.givenUp).toEqual([])
  })

  it('recovers fifty that are refused once each: fifty recoveries', async () => {
    const world = createWorld()
    const element = world.element()
    for (let item = 1; item <= 50; item++) {
      world.pushOut()
      element.src = `${origin}/${item}.mp3`
      void element.play().catch(() => {})
      await settle()
      expect(element).toMatchObject({ error: null, paused: false, readyState: 4 })
      expect(world.refreshes).toBe(item)
    }
    expect(element.loads).toBe(100)
    expect(world.givenUp).toEqual([])
  })

  it('refreshes once for twenty elements that are refused at once', async () => {
    const world = createWorld()
    const elements = await Promise.all(Array.from({ length: 20 }, () => world.playing()))
    world.pushOut()
    await Promise.all(elements.map((element) => element.cut()))
    await settle(20)
    for (const element of elements) expect(element).toMatchObject({ error: null, paused: false, readyState: 4 })
    expect(world.refreshes).toBe(1)
  })
})

describe('an end', () => {
  it('lets go of an error that is held back', async () => {
    const world = createWorld()
    const element = await world.playing()
    const errors = errorsOf(element)
    const { promise, resolve } = deferred()
    world.refresh = () => promise
    world.pushOut()
    await element.cut()
    await settle()
    expect(errors).not.toHaveBeenCalled()
    world.stop()
    expect(errors).toHaveBeenCalledOnce()
    resolve()
    await settle()
    expect(element.loads).toBe(1)
  })

  it('leaves the element alone', async () => {
    const world = createWorld()
    const element = await world.playing()
    world.stop()
    world.stop()
    world.pushOut()
    await element.cut()
    await settle()
    expect(element.error).toEqual({ code: 2 })
    expect(world).toMatchObject({ refreshes: 0, probes: [] })
  })
})

it('an element that has only just begun to load costs no probe', async () => {
  const world = createWorld()
  const element = world.bareElement()
  element.src = `${origin}/one.mp3`
  world.recover(element)
  void element.play()
  await settle()
  expect(element).toMatchObject({ paused: false, readyState: 4 })
  expect(world.probes).toEqual([])
  expect(element.loads).toBe(1)
})

describe('an element that failed before', () => {
  it('is recovered as soon as it is told of', async () => {
    const world = createWorld()
    const element = world.bareElement()
    world.pushOut()
    element.src = `${origin}/one.mp3`
    element.autoplay = true
    await settle()
    expect(element.error).toEqual({ code: 4 })
    world.recover(element)
    await settle()
    expect(element).toMatchObject({ error: null, paused: false, readyState: 4 })
    expect(world.refreshes).toBe(1)
  })
})
