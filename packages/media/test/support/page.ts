import { type CookieSession, createCookieSession, memoryStorage } from '@reauth/core'

import type { MediaOptions } from '../../src/media-options.ts'
import { recoverMedia } from '../../src/recover-media.ts'

/** What a player is made of. */
export interface PlayerOptions {
  src?: string
  /** Addresses of `<source>` children. */
  sources?: string[]
  /** Without recoverMedia. */
  isBare?: boolean
  /** Attributes and properties that are set before `src`. */
  with?: Record<string, string | number | boolean>
  /** How addresses are made: with a new token in the query, by `POST /ticket`. */
  address?: 'signed' | 'token'
  /** Which decode errors are asked to be got round. */
  isReloadedWhenCorrupt?: boolean
}

/** What a test may know of a player. */
export interface Seen {
  /** The types of its events but `timeupdate` and `progress`; `error` of a `<source>` is `source error`. */
  readonly events: string[]
  readonly errorCode: number | undefined
  readonly networkState: number
  readonly readyState: number
  readonly paused: boolean
  readonly currentTime: number
  readonly currentSrc: string
  readonly playbackRate: number
  readonly defaultPlaybackRate: number
  readonly volume: number
  readonly muted: boolean
  readonly loop: boolean
  /** Where its buffer ends, in s. */
  readonly bufferedTo: number
  readonly modes: string[]
  readonly givenUp: string[]
  readonly blocked: string[]
  /** What `play()` rejected with. */
  readonly rejections: string[]
}

/** A gap in playing, in ms: from the last time that the position moved to the next, and what of it was waiting for a server. */
export interface Gap {
  readonly ms: number
  readonly awayMs: number
}

export interface MediaPage {
  readonly session: CookieSession
  open(options: PlayerOptions): number
  element(player: number): HTMLAudioElement
  play(player: number): void
  seen(player: number): Seen
  /** Resolves when the position of a player moves. */
  moves(player: number): Promise<void>
  /** Resolves at the next event of a type. */
  next(player: number, type: string): Promise<void>
  /** Plays items one after the other, each until it plays or is given up; tells which it was. */
  playAll(player: number, srcs: readonly string[]): Promise<('played' | 'given up')[]>
  /** Resolves when it has begun to play, with the time from the call, in ms. */
  coldStart(src: string): Promise<number>
  /** Resolves when a player has been interrupted and plays again. */
  interruption(player: number): Promise<Gap>
  dispose(player: number): void
}

interface Player {
  readonly element: HTMLAudioElement
  readonly events: string[]
  readonly givenUp: string[]
  readonly blocked: string[]
  readonly rejections: string[]
  readonly stop: () => void
}

/** Less is where a seek has led to, not playing. */
const movedSeconds = 0.02

const players: Player[] = []
/** The time spent waiting for refreshes and probes, in ms. */
let awayMs = 0

async function timed<T>(wait: () => Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await wait()
  } finally {
    awayMs += performance.now() - start
  }
}

async function post(path: string): Promise<{ expiresInMs: number }> {
  const response = await fetch(path, { method: 'POST' })
  return (await response.json()) as { expiresInMs: number }
}

const session = createCookieSession({
  storage: memoryStorage(),
  refresh: () => timed(() => post('/refresh')),
  restore: () => post('/sign-in'),
})

const silent = new Set(['timeupdate', 'progress'])
const types =
  'abort canplay canplaythrough durationchange emptied ended error loadeddata loadedmetadata loadstart pause play playing ratechange seeked seeking stalled suspend volumechange waiting'.split(
    ' ',
  )

const said = (error: unknown): string => {
  const { name, reason } = error as { name: string; reason?: string }
  return reason === undefined ? name : `${name} ${reason}`
}

const find = (player: number): Player => players[player] as Player

const page: MediaPage = {
  session,
  open(options) {
    const element = document.createElement('audio')
    const events: string[] = []
    const givenUp: string[] = []
    const blocked: string[] = []
    for (const type of types) if (!silent.has(type)) element.addEventListener(type, () => events.push(type))
    document.body.append(element)
    const media: MediaOptions = {
      probe: (url, init) => timed(() => fetch(url, init)),
      onGiveUp: ({ src, error }) => givenUp.push(`${new URL(src).pathname} ${said(error)}`),
      onBlocked: ({ error }) => blocked.push(said(error)),
      ...(options.address && {
        signedUrl: options.address === 'signed',
        source: async (_credential, src) => `${src}?token=${await (await fetch('/ticket', { method: 'POST' })).text()}`,
      }),
      ...(options.isReloadedWhenCorrupt && {
        classify: ({ mediaError }) => (mediaError !== null && mediaError.code > 2 ? 'transient' : undefined),
      }),
    }
    const stop = options.isBare ? () => {} : recoverMedia(session, element, media)
    Object.assign(element, options.with)
    for (const src of options.sources ?? []) {
      const source = document.createElement('source')
      source.src = src
      source.addEventListener('error', () => events.push('source error'))
      element.append(source)
    }
    if (options.src !== undefined) element.src = options.src
    return players.push({ element, events, givenUp, blocked, rejections: [], stop }) - 1
  },
  element: (player) => find(player).element,
  play(player) {
    const { element, rejections } = find(player)
    element.play().catch((error: unknown) => rejections.push(said(error)))
  },
  seen(player) {
    const { element, events, givenUp, blocked, rejections } = find(player)
    const { error, networkState, readyState, paused, currentTime, currentSrc, playbackRate, buffered } = element
    const { defaultPlaybackRate, volume, muted, loop } = element
    return {
      events: [...events],
      errorCode: error?.code,
      networkState,
      readyState,
      paused,
      currentTime,
      currentSrc,
      playbackRate,
      defaultPlaybackRate,
      volume,
      muted,
      loop,
      bufferedTo: buffered.length > 0 ? buffered.end(buffered.length - 1) : 0,
      modes: Array.from(element.textTracks, ({ mode }) => mode),
      givenUp,
      blocked,
      rejections,
    }
  },
  moves(player) {
    const { element } = find(player)
    let from = Infinity
    return until(element, 'timeupdate', () => {
      if (element.paused || element.seeking || element.readyState < 3) return false
      from = Math.min(from, element.currentTime)
      return element.currentTime > from
    })
  },
  next: (player, type) => until(find(player).element, type, () => true),
  async playAll(player, srcs) {
    const { element, givenUp } = find(player)
    const outcomes: ('played' | 'given up')[] = []
    for (const src of srcs) {
      element.src = src
      page.play(player)
      const { length } = givenUp
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (givenUp.length === length && element.currentTime === 0) return
          clearInterval(timer)
          resolve()
        }, 5)
      })
      outcomes.push(givenUp.length > length ? 'given up' : 'played')
    }
    return outcomes
  },
  async coldStart(src) {
    const element = document.createElement('audio')
    const start = performance.now()
    element.src = src
    void element.play()
    await until(element, 'timeupdate', () => element.currentTime > movedSeconds)
    const ms = performance.now() - start
    element.src = ''
    return ms
  },
  async interruption(player) {
    const { element } = find(player)
    const awayBefore = awayMs
    let movedAt = performance.now()
    let position = element.currentTime
    // A timer sees the last move before the failure.
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const hasFailed = element.error !== null || element.readyState === 0
        if (!hasFailed && element.currentTime > position) movedAt = performance.now()
        position = element.currentTime
        if (!hasFailed) return
        clearInterval(timer)
        resolve()
      }, 2)
    })
    await until(element, 'timeupdate', () => element.currentTime > position + movedSeconds)
    return { ms: performance.now() - movedAt, awayMs: awayMs - awayBefore }
  },
  dispose(player) {
    find(player).stop()
  },
}

function until(element: HTMLMediaElement, type: string, isOver: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const listener = (): void => {
      if (!isOver()) return
      element.removeEventListener(type, listener)
      resolve()
    }
    element.addEventListener(type, listener)
  })
}

document.querySelector('button')?.addEventListener('click', () => {
  page.play(players.length - 1)
})

Object.assign(globalThis, { media: page })

// What a test does to a page counts as a click, so that here the page acts by itself, and tells what came of it.
if (location.hash === '#by-itself') {
  await session.ready
  const player = page.open({ src: '/media/60/one.wav', with: { autoplay: true } })
  await page.next(player, 'canplay')
  await new Promise((resolve) => setTimeout(resolve, 300))
  await fetch('/report', { method: 'POST', body: JSON.stringify(page.seen(player)) })
}
