import { describe, it } from 'vitest'

import { openPlayerPage } from './support/open-player.ts'

const plays = { errorCode: undefined, paused: false, readyState: 4 }

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How many token lives a player lives through; each of them is 2 s. */
const lives = Number(process.env['REAUTH_MEDIA_LIVES'] ?? 10)

// They wait most of the time.
describe.concurrent('an element of Chromium, as time goes by', () => {
  it('plays on after a pause in which the connection was closed and its cookie of 20 s lapsed', async (context) => {
    const { expect } = context
    const { open, server, answers } = await openPlayerPage(context)
    const bare = await open({ src: '/media/600/bare.wav', isBare: true })
    const player = await open({ src: '/media/600/one.wav' })
    for (const one of [bare, player]) {
      await one.play()
      await one.moves()
      await one.run('(element) => element.pause()')
    }
    const { currentTime } = await player.seen()
    await sleep(21_000)
    await player.play()
    await player.moves()
    // Until what it has is played, or it has asked for more.
    await expect.poll(() => answers('one').length, { timeout: 30_000 }).toBeGreaterThan(1)
    await player.moves()
    const seen = await player.seen()
    expect(seen).toMatchObject({ ...plays, givenUp: [] })
    expect(seen.events).not.toContain('error')
    expect(seen.currentTime).toBeGreaterThan(currentTime)
    expect(server.refreshes).toBe(1)
  })

  it('is found out where no answer comes and its cookie was refused', async (context) => {
    const { expect } = context
    const { open, server, probes } = await openPlayerPage(context)
    server.fault = ({ isProbe }) => (isProbe || server.refreshes > 0 ? undefined : 'hang')
    server.expire()
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(probes()).toEqual([401])
    expect(server.refreshes).toBe(1)
  })

  it('is left alone where no answer comes and its cookie is good', async (context) => {
    const { expect } = context
    const { open, server, probes } = await openPlayerPage(context, {
      prepare(made) {
        made.lifetimeMs = 600_000
      },
    })
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    server.fault = ({ isProbe }) => (isProbe ? undefined : 'hang')
    await player.run('(element) => { element.currentTime = 500 }')
    await expect.poll(probes, { timeout: 20_000 }).toEqual([206])
    const seen = await player.seen()
    expect(seen).toMatchObject({ errorCode: undefined, networkState: 2, readyState: 1, currentTime: 500 })
    expect(seen.events).toContain('stalled')
    expect(seen.events).not.toContain('emptied')
    expect(server.refreshes).toBe(0)
  })

  it('fails as it did where its connection is reset again and again', async (context) => {
    const { expect } = context
    const { open, server } = await openPlayerPage(context, {
      prepare(made) {
        made.lifetimeMs = 600_000
      },
    })
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    server.fault = () => 'reset'
    await player.run('(element) => { element.currentTime = 500 }')
    await expect.poll(async () => (await player.seen()).errorCode, { timeout: 60_000 }).toBe(2)
    await expect.poll(async () => (await player.seen()).events).toContain('error')
    expect(server.refreshes).toBe(0)
  })

  it('loses nothing to other devices that push its tokens out, and refreshes no more than it must', async (context) => {
    const { expect } = context
    const { open, server, answers } = await openPlayerPage(context, {
      prepare(made) {
        Object.assign(made, { lifetimeMs: 2000, cap: 5, stopAfterBytes: 500_000 })
      },
    })
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    for (let life = 0; life < lives; life++) {
      await sleep(1000)
      for (let device = 0; device < 5; device++) server.signInElsewhere()
      server.cut()
      await sleep(1000)
      await player.moves()
    }
    const seen = await player.seen()
    expect(seen).toMatchObject({ ...plays, givenUp: [] })
    expect(seen.events).not.toContain('error')
    expect(seen.currentTime).toBeGreaterThan(lives)
    expect(answers().filter((answer) => answer === 401)).toHaveLength(lives)
    expect(server.refreshes).toBeGreaterThanOrEqual(lives)
    expect(server.needlessRefreshes).toBe(0)
  })

  it('has no gap where its cookie is renewed ahead', async (context) => {
    const { expect } = context
    const { open, server, answers } = await openPlayerPage(context, {
      prepare(made) {
        Object.assign(made, { lifetimeMs: 3000, stopAfterBytes: 500_000 })
      },
    })
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    const { length } = (await player.seen()).events
    for (let time = 1; time <= 3; time++) {
      await expect.poll(() => server.refreshes, { timeout: 10_000 }).toBe(time)
      const { length: asked } = answers()
      server.cut()
      await expect.poll(() => answers().length, { timeout: 20_000 }).toBeGreaterThan(asked)
    }
    const events = (await player.seen()).events.slice(length)
    for (const type of ['error', 'emptied', 'waiting', 'pause']) expect(events).not.toContain(type)
    expect(answers()).not.toContain(401)
  })
})
