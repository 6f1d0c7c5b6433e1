import { describe, expect, it } from 'vitest'

import { openPlayerPage, type Player } from './support/open-player.ts'
import type { Asked, Fault } from './support/media-server.ts'
import type { MediaPage } from './support/page.ts'

const plays = { errorCode: undefined, paused: false, readyState: 4 }

/** Files whose names begin with what is to happen to them: `404-bare.wav`. */
const named = ({ url }: Asked): Fault | undefined => {
  const [, name] = /\/([a-z0-9]+)-[^/]*$/.exec(url) ?? []
  return name === undefined ? undefined : ((Number(name) || name) as Fault)
}

async function jump(player: Player, to = 500): Promise<void> {
  await player.run(`(element) => { element.currentTime = ${to} }`)
}

describe('an element of Chromium whose cookie is refused', () => {
  it.for(['wav', 'mp3', 'webm', 'mp4'])(
    'goes on at the target of a seek, where a bare one dies: %s',
    async (ending, context) => {
      const { open, server, answers, probes } = await openPlayerPage(context)
      const bare = await open({ src: `/media/600/bare.${ending}`, isBare: true })
      const player = await open({ src: `/media/600/one.${ending}` })
      for (const one of [bare, player]) {
        await one.play()
        await one.moves()
      }
      server.expire()
      await bare.next('error', () => jump(bare))
      await jump(player)
      await player.moves()

      expect(await bare.seen()).toMatchObject({ errorCode: 2, paused: true, currentTime: 500, readyState: 1 })
      const seen = await player.seen()
      expect(seen).toMatchObject(plays)
      expect(seen.currentTime).toBeGreaterThanOrEqual(500)
      expect(seen.currentTime).toBeLessThan(510)
      expect(seen.events).not.toContain('error')
      expect(server.refreshes).toBe(1)
      expect(answers('one').filter((answer) => answer === 401)).toHaveLength(1)
      expect(probes()).toEqual([401])
      expect(server.asked.find(({ isProbe }) => isProbe)).toMatchObject({ range: 'bytes=0-0', bytes: 0 })
    },
  )

  it('plays what was refused at load', async (context) => {
    const { open, server, answers, probes } = await openPlayerPage(context)
    server.expire()
    const bare = await open({ src: '/media/600/bare.wav', isBare: true })
    await bare.play()
    await expect.poll(async () => (await bare.seen()).events).toContain('error')
    expect(await bare.seen()).toMatchObject({ errorCode: 4, networkState: 3, readyState: 0 })
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(server.refreshes).toBe(1)
    expect([answers('one'), probes()]).toEqual([[401, 206], [401]])
  })

  it('plays a <source> that was refused, where a bare element says nothing', async (context) => {
    const { open, server, answers } = await openPlayerPage(context)
    server.expire()
    const bare = await open({ sources: ['/media/600/bare.wav'], isBare: true })
    await bare.play()
    await expect.poll(async () => (await bare.seen()).events).toContain('source error')
    expect(await bare.seen()).toMatchObject({ errorCode: undefined, paused: false, networkState: 3, rejections: [] })
    const player = await open({ sources: ['/media/600/one.wav', '/media/600/two.mp3'] })
    await player.play()
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(server.refreshes).toBe(1)
    expect([answers('one'), answers('two')]).toEqual([[401, 206], [401]])
  })

  it('goes on where its connection was cut', async (context) => {
    const { open, server, answers } = await openPlayerPage(context)
    server.stopAfterBytes = 2_000_000
    const player = await open({ src: '/media/600/one.wav' })
    await player.play()
    await player.moves()
    server.expire()
    const { currentTime } = await player.seen()
    server.cut()
    await expect.poll(() => server.refreshes).toBe(1)
    await player.moves()
    const seen = await player.seen()
    expect(seen).toMatchObject(plays)
    expect(seen.currentTime).toBeGreaterThanOrEqual(currentTime)
    expect(seen.currentTime).toBeLessThan(currentTime + 5)
    expect(answers('one').filter((answer) => answer === 401)).toHaveLength(1)
  })

  it('stays paused and silent, and keeps its place and what was set', async (context) => {
    const { open, server } = await openPlayerPage(context)
    const set = { playbackRate: 1.5, defaultPlaybackRate: 1.25, volume: 0.3, muted: true, loop: true }
    const player = await open({ src: '/media/600/one.wav', with: set })
    await player.run(`(element) => {
      for (const label of ['one', 'two']) element.addTextTrack('captions', label)
    }`)
    await player.play()
    await player.moves()
    await player.run(`(element) => {
      element.textTracks[0].mode = 'disabled'
      element.textTracks[1].mode = 'showing'
      element.pause()
    }`)
    await player.run(`(element) => { Object.assign(element, ${JSON.stringify(set)}) }`)
    server.expire()
    await jump(player, 300.5)
    await expect.poll(async () => (await player.seen()).readyState).toBe(4)
    const seen = await player.seen()
    expect(seen).toMatchObject({ ...set, paused: true, errorCode: undefined, modes: ['disabled', 'showing'] })
    expect(Math.abs(seen.currentTime - 300.5)).toBeLessThan(0.25)
    expect(seen.events.filter((type) => type === 'play')).toHaveLength(1)
    expect(server.refreshes).toBe(1)
  })

  it('asks for nothing where it has the data', async (context) => {
    const { open, server } = await openPlayerPage(context)
    const player = await open({ src: '/media/20/one.mp3' })
    await player.play()
    await player.moves()
    await expect.poll(async () => (await player.seen()).bufferedTo).toBeGreaterThan(19.9)
    server.expire()
    const { length } = server.asked
    await jump(player, 15)
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(server).toMatchObject({ refreshes: 0, asked: { length } })
  })

  it('is told where the browser wants a click first, and waits', async (context) => {
    const { server } = await openPlayerPage(context, {
      path: '/#by-itself',
      prepare(made) {
        made.fault = () => (made.refreshes === 0 ? 401 : undefined)
      },
    })
    await expect.poll(() => server.reports, { timeout: 10_000 }).toHaveLength(1)
    expect(server.reports[0]).toMatchObject({ paused: true, readyState: 4, blocked: ['NotAllowedError'] })
    expect(server.refreshes).toBe(1)
  })
})

describe('a failure of an element of Chromium that is no refusal', () => {
  it('at load is as it was: one probe, no refresh', async (context) => {
    const { open, server } = await openPlayerPage(context)
    server.fault = named
    for (const fault of ['403', '404', '500', 'reset', 'corrupt']) {
      const bare = await open({ src: `/media/600/${fault}-bare.wav`, isBare: true })
      const player = await open({ src: `/media/600/${fault}-one.wav` })
      for (const one of [bare, player]) {
        await one.play()
        await expect.poll(async () => (await one.seen()).events).toContain('error')
        expect(await one.seen()).toMatchObject({ errorCode: 4, networkState: 3, readyState: 0, givenUp: [] })
      }
      const asked = server.asked.filter(({ url }) => url.includes(`${fault}-one`))
      expect(asked.filter(({ isProbe }) => isProbe)).toHaveLength(1)
      if (fault !== 'reset') expect(asked).toHaveLength(2)
    }
    expect(server.refreshes).toBe(0)
  })

  it('at a seek is as it was: one probe, no refresh', async (context) => {
    const { open, server, probes } = await openPlayerPage(context)
    for (const fault of [403, 404, 500] as const) {
      const player = await open({ src: `/media/600/${fault}.wav` })
      await player.play()
      await player.moves()
      server.fault = () => fault
      await jump(player)
      await expect.poll(async () => (await player.seen()).events).toContain('error')
      expect(await player.seen()).toMatchObject({ errorCode: 2, paused: true, givenUp: [] })
      server.fault = () => undefined
    }
    expect(probes()).toEqual([403, 404, 500])
    expect(server.refreshes).toBe(0)
  })

  it('in the data costs neither probe nor refresh', async (context) => {
    const { open, server, probes } = await openPlayerPage(context)
    const outcomes: Record<string, unknown> = {}
    for (const ending of ['wav', 'mp3', 'webm', 'mp4']) {
      const player = await open({ src: `/media/600/one.${ending}` })
      await player.play()
      await player.moves()
      server.fault = () => 'corrupt'
      await jump(player)
      await expect
        .poll(async () => {
          const { events, errorCode } = await player.seen()
          return errorCode ?? (events.includes('ended') ? 'ended' : events.includes('seeked') && 'noise')
        })
        .toBeTruthy()
      const { events, errorCode } = await player.seen()
      outcomes[ending] = errorCode ?? (events.includes('ended') ? 'ended' : 'noise')
      server.fault = () => undefined
      await player.run('(element) => element.remove()')
    }
    expect(outcomes).toEqual({ wav: 'noise', mp3: 'ended', webm: 'ended', mp4: 3 })
    expect(probes()).toEqual([])
    expect(server.refreshes).toBe(0)
  })
})

describe('corrupt data in the cache of Chromium', () => {
  it('is got round on request', async (context) => {
    const { open, server, answers } = await openPlayerPage(context)
    server.fault = ({ url }) => (url.includes('reload=') ? undefined : 'corrupt')
    const player = await open({ src: '/media/600/one.mp4', isReloadedWhenCorrupt: true })
    await player.play()
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(answers('reload=')).toContain(206)
    expect(server.refreshes).toBe(0)
  })
})

describe('an address of Chromium’s element that holds the credential', () => {
  it.for([
    ['signed', 403, 0],
    ['token', 401, 1],
  ] as const)('is made anew: %s, refused with %i, %i refreshes', async ([address, refusal, refreshes], context) => {
    const { open, page, server, answers } = await openPlayerPage(context)
    server.refusal = refusal
    const token = await page.evaluate(async () => (await fetch('/ticket', { method: 'POST' })).text())
    const player = await open({ src: `/signed/600/one.wav?token=${token}`, address })
    await player.play()
    await player.moves()
    // The signature of this address lapses, not the session.
    if (address === 'token') server.expire()
    else server.lapse(token)
    await jump(player)
    await player.moves()
    expect(await player.seen()).toMatchObject(plays)
    expect(answers('one')).toContain(206)
    expect(server.refreshes).toBe(refreshes)
  })
})

describe('many of them', () => {
  it('cost one refresh where twenty are refused at once', async (context) => {
    const { open, server } = await openPlayerPage(context)
    server.refreshMs = 100
    server.expire()
    const players = await Promise.all(Array.from({ length: 20 }, (_, index) => open({ src: `/media/20/${index}.mp3` })))
    await Promise.all(players.map((player) => player.play()))
    await Promise.all(players.map((player) => player.moves()))
    for (const player of players) expect(await player.seen()).toMatchObject(plays)
    expect(server.refreshes).toBe(1)
  })

  it('are recovered one after the other: fifty that are refused once each', async (context) => {
    const { open, server, answers, probes } = await openPlayerPage(context)
    const seen = new Set<string>()
    server.fault = ({ url }) => {
      if (seen.has(url)) return undefined
      seen.add(url)
      server.expire()
      return 401
    }
    const player = await open({})
    const srcs = Array.from({ length: 50 }, (_, index) => `/media/20/${index}.mp3`)
    expect(await player.playAll(srcs)).toEqual(srcs.map(() => 'played'))
    expect(server.refreshes).toBe(50)
    expect(probes()).toEqual(srcs.map(() => 401))
    for (const src of srcs) expect(answers(src).slice(0, 2)).toEqual([401, 206])
  })

  it('go on with the next where one is refused twice', async (context) => {
    const { open, server, answers } = await openPlayerPage(context)
    server.fault = ({ url }) => (url.includes('two') ? 401 : undefined)
    const player = await open({})
    const srcs = ['one', 'two', 'three'].map((name) => `/media/20/${name}.mp3`)
    expect(await player.playAll(srcs)).toEqual(['played', 'given up', 'played'])
    expect(await player.seen()).toMatchObject({ ...plays, givenUp: ['/media/20/two.mp3 AuthenticationError refused'] })
    expect(answers('two')).toEqual([401, 401])
    expect(server.refreshes).toBe(1)
  })

  it('play what is public where nobody is signed in', async (context) => {
    const { open, page, server } = await openPlayerPage(context)
    await page.evaluate(() => (globalThis as unknown as { media: MediaPage }).media.session.signOut())
    server.expire()
    const player = await open({})
    const srcs = ['/public/20/one.mp3', '/media/20/two.mp3', '/public/20/three.mp3']
    expect(await player.playAll(srcs)).toEqual(['played', 'given up', 'played'])
    expect(server.refreshes).toBe(0)
  })
})
