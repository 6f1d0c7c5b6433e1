import { type CookieSession, type CookieSessionOptions, createCookieSession, memoryStorage } from '@reauth/core'
import { type Clock, createClock, settle } from '@reauth/testkit'
import { onTestFinished, vi } from 'vitest'

import type { MediaOptions } from '../../src/media-options.ts'
import { recoverMedia } from '../../src/recover-media.ts'
import { FakeElement, type MediaRequest, type Served } from './fake-element.ts'

export const origin = 'https://media.test'

/** What the server answers; undefined goes by the cookie. */
export type Answer = number | 'reset' | 'hang' | 'corrupt' | undefined

/** A media server that goes by a cookie, the endpoint that renews that, and a session over both. */
export interface World {
  readonly clock: Clock
  readonly session: CookieSession
  /** How often the cookie was renewed. */
  readonly refreshes: number
  /** How many of these were of a cookie that was taken, and had more than half of its life before it. */
  readonly needlessRefreshes: number
  /** Whether the server takes the cookie. */
  readonly isTaken: boolean
  /** The probes, as `method range url`. */
  readonly probes: readonly string[]
  readonly givenUp: readonly { src: string; error: unknown }[]
  readonly traced: readonly { type: string; reason?: string }[]
  /** What an item is answered, whatever the cookie. */
  answer: (request: MediaRequest) => Answer
  /** What happens to the next refreshes; it resolves for the cookie to be renewed. */
  refresh: () => Promise<void>
  /** The server takes the cookie no more, as if other devices had pushed it out. */
  pushOut(): void
  /** Another device of the user gets a token. */
  signInElsewhere(): void
  /** An element of this server. */
  bareElement(): FakeElement
  recover(element: FakeElement, options?: Partial<MediaOptions>): void
  /** Ends all recovering. */
  stop(): void
  /** An element that recovers. */
  element(options?: Partial<MediaOptions>): FakeElement
  /** An element that loads an item and plays it, with its first requests behind it. */
  playing(options?: Partial<MediaOptions>): Promise<FakeElement>
}

export const lifetimeMs = 60_000

export interface WorldOptions {
  session?: Partial<CookieSessionOptions>
  /** How many tokens a user may have; the oldest is pushed out. */
  cap?: number
}

export function createWorld({ session: sessionOptions, cap = Infinity }: WorldOptions = {}): World {
  const clock = createClock()
  /** The tokens that the server takes, and until when. */
  const living = new Map<string, number>()
  let cookie = ''
  let count = 0
  const mint = (): string => {
    const token = `cookie-${++count}`
    living.set(token, clock.now() + lifetimeMs)
    while (living.size > cap) living.delete(living.keys().next().value ?? '')
    return token
  }
  const leftMs = (): number => (living.get(cookie) ?? 0) - clock.now()
  const statusOf = (request: MediaRequest): Answer => world.answer(request) ?? (leftMs() > 0 ? 206 : 401)
  const serve = async (request: MediaRequest): Promise<Served> => {
    const answer = statusOf(request)
    if (answer === 'corrupt' || answer === 'hang') return answer
    return answer === 206 ? 'ok' : 'failed'
  }
  const session = createCookieSession({
    storage: memoryStorage(),
    origins: [origin],
    platform: clock,
    trace: (entry) => traced.push(entry),
    async refresh() {
      refreshes++
      if (leftMs() > lifetimeMs / 2) needlessRefreshes++
      await world.refresh()
      cookie = mint()
      return { expiresInMs: lifetimeMs, identity: 'alice' }
    },
    ...sessionOptions,
  })
  const probes: string[] = []
  const givenUp: { src: string; error: unknown }[] = []
  const traced: { type: string; reason?: string }[] = []
  let refreshes = 0
  let needlessRefreshes = 0

  vi.stubGlobal('fetch', async (url: string, init: RequestInit): Promise<Response> => {
    probes.push(`${init.method ?? 'GET'} ${new Headers(init.headers).get('range')} ${url}`)
    const answer = statusOf({ url, from: 0 })
    if (answer === 'reset') throw new TypeError('Failed to fetch')
    if (answer === 'hang') return new Promise(() => {})
    return new Response('x', { status: answer === 'corrupt' ? 206 : (answer ?? 206) })
  })
  const stops: (() => void)[] = []
  onTestFinished(async () => {
    world.stop()
    await session[Symbol.asyncDispose]()
    await settle()
    vi.unstubAllGlobals()
    if (clock.pending > 0) throw new Error(`${clock.pending} timers are live`)
  })

  const world: World = {
    clock,
    session,
    get refreshes() {
      return refreshes
    },
    get needlessRefreshes() {
      return needlessRefreshes
    },
    get isTaken() {
      return leftMs() > 0
    },
    probes,
    givenUp,
    traced,
    answer: () => undefined,
    refresh: async () => {},
    pushOut() {
      living.clear()
    },
    signInElsewhere: () => void mint(),
    bareElement: () => new FakeElement(serve),
    recover(element, options) {
      stops.push(recoverMedia(session, element.asMedia, { onGiveUp: (failure) => givenUp.push(failure), ...options }))
    },
    stop() {
      for (const stop of stops) stop()
    },
    element(options) {
      const element = world.bareElement()
      world.recover(element, options)
      return element
    },
    async playing(options) {
      const element = world.element(options)
      element.src = `${origin}/one.mp3`
      void element.play().catch(() => {})
      await settle()
      return element
    },
  }
  cookie = mint()
  void session.signIn({ identity: 'alice', expiresInMs: lifetimeMs })
  return world
}
