import type { SessionState } from '@reauth/core'

import { paths } from '../../contract.ts'
import { admin } from '../admin.ts'
import { originOf } from '../facts.ts'
import { place } from '../place.ts'
import { clockSettings, setClock } from '../screens/session-clock.ts'
import { order } from '../screens/workspace.ts'
import { rows, enter, list } from '../servers/rows.ts'
import { createStore, type Store } from '../store.ts'
import { keepPlaying, load, readPlaylist } from '../transports/player.ts'
import { type Check, ensure, until, wait } from './check.ts'
import { withGuest } from './guest.ts'
import { calls, costOf, counted, holdShort, stillSignedIn } from './measures.ts'
import { reload20Times } from './reloads.ts'

type Expired = SessionState & { status: 'expired' }

/** The session of a guest that has ended, for its sign-in screen. */
export const endedGuest: Store<Expired | undefined> = createStore<Expired | undefined>(undefined)

/** What a person would try, one click each. */
export const smoke: readonly Check[] = [
  {
    id: 'idle',
    title: 'Stay idle for longer than a token lives, then act',
    expected: 'It works, with one refresh.',
    async run() {
      await holdShort()
      await wait(1500)
      const { refreshes } = await costOf(async () => ensure((await calls(3)) === 3, 'A call failed'))
      ensure(refreshes === 1, `${refreshes} refreshes`)
      return '3 of 3 calls ok, 1 refresh.'
    },
  },
  {
    id: 'queue',
    title: 'Wait for a workspace through a long queue',
    expected: 'The time in the queue does not count: no premature timeout.',
    async run() {
      const seen = new Set<string>()
      const value = await order(
        { queuedMs: 4000, provisioningMs: 500 },
        { timeoutMs: 3500, onStatus: ({ status }) => seen.add(status) },
      )
      ensure(value !== undefined, 'It gave up')
      ensure(seen.has('queued'), 'There was no queue')
      return `Ready after ${[...seen].join(', ')}, with 3.5 s to wait and 4 s of queue.`
    },
  },
  {
    id: 'clock',
    title: 'The session clock shows, hides, shows again',
    expected: 'It comes and goes by its settings.',
    async run() {
      const before = clockSettings.get()
      try {
        setClock({ everyMinutes: 0.03, forSeconds: 0.6 })
        await until(isShown, 'it does not show')
        await until(() => !isShown(), 'it does not hide')
        await until(isShown, 'it does not show again')
        return 'It showed, hid, and showed again.'
      } finally {
        setClock(before)
      }
    },
  },
  {
    id: 'stays-refused',
    title: 'A 401 that stays, with expireWhenRefused',
    expected: 'A sign-in screen that says why, after one refresh.',
    run: () =>
      withGuest({ expireWhenRefused: true }, async (guest) => {
        const { chat } = await counted()
        // tokens of one chat server are worth nothing at the other, however new
        const failed = await guest.api(`${originOf('south')}${paths.chatProfile}`).catch((error: unknown) => error)
        ensure(failed instanceof Error && failed.name === 'AuthenticationError', 'The call did not say why')
        const { state } = guest.session
        ensure(state.status === 'expired', `The guest’s session is ${state.status}`)
        endedGuest.set(state)
        await until(
          () => document.querySelector('.sign-in-screen')?.textContent?.includes(state.error.message) === true,
          'no sign-in screen',
        )
        const refreshes = (await counted()).chat.north.refreshes - chat.north.refreshes
        ensure(refreshes === 1, `${refreshes} refreshes`)
        stillSignedIn()
        return `Sign-in screen: ${state.error.message}. 1 refresh; your own session goes on.`
      }),
  },
  {
    id: 'reloads',
    title: 'Reload 20 times, under StrictMode',
    expected: 'Never the sign-in screen, no flash of another state, one refresh per reload at the most.',
    run: reload20Times,
  },
  {
    id: 'draft',
    title: 'Revoke the token while typing',
    expected: 'Sign in again in place: the draft is back, so is the page.',
    async run() {
      const { composer, session: chat } = rows.north
      const at = place.get()
      const text = 'A thought that takes a while'
      list('north', true)
      await enter('north', 'ada')
      composer.write(text)
      await revokeAt('north')
      await composer.send()
      ensure(chat.state.status === 'expired', `The session is ${chat.state.status}`)
      ensure(composer.composing.get().text === '', 'The text is in the field of nobody')
      await enter('north', 'ada')
      await until(() => composer.composing.get().text === text, 'the draft is not back')
      composer.write('')
      ensure(place.get() === at, 'The page went elsewhere')
      return 'The draft is back, and nobody left the page.'
    },
  },
  {
    id: 'two-servers',
    title: 'Two servers, expire one',
    expected: 'The other stays usable, the expired row offers its sign-in.',
    async run() {
      const { north, south } = rows
      for (const server of ['north', 'south'] as const) list(server, true)
      await Promise.all([enter('north', 'ada'), enter('south', 'grace')])
      await revokeAt('north')
      await north.api(`${originOf('north')}${paths.chatProfile}`).catch(() => {})
      ensure(north.session.state.status === 'expired', `north is ${north.session.state.status}`)
      ensure(north.profile.get() === undefined, 'The profile of north is still shown')
      const response = await south.api(`${originOf('south')}${paths.chatProfile}`)
      ensure(response.ok && south.session.state.status === 'active', 'south does not go on')
      return 'north is expired, and listed; south answers.'
    },
  },
  {
    id: 'siblings',
    title: 'Sign in on five other devices while something plays',
    expected: 'It plays on.',
    async run() {
      const tracks = await readPlaylist()
      const [first, second] = tracks
      ensure(first !== undefined && second !== undefined, 'There is nothing to play')
      const audio = new Audio()
      audio.muted = true
      const letGo = keepPlaying(audio, () => {})
      try {
        await load(audio, first)
        await audio.play()
        await until(() => audio.currentTime > 0.2, 'it does not play')
        const stale = new URL(audio.src).search
        const { pushedOut } = await admin.siblings(5)
        ensure(pushedOut > 0, 'No token was pushed out')
        const { refreshes } = await costOf(async () => {
          // what has to be asked for next meets the refusal
          audio.src = audio.src.replace(first.file, second.file)
          ensure(new URL(audio.src).search === stale, 'It has another ticket')
          await audio.play().catch(() => {})
          await until(() => audio.currentTime > 0.2 && !audio.paused, 'it does not play on')
        })
        ensure(refreshes === 1, `${refreshes} refreshes`)
        return `${pushedOut} tokens pushed out, 1 refresh, and it plays on.`
      } finally {
        letGo()
        audio.pause()
        audio.removeAttribute('src')
      }
    },
  },
]

const isShown = (): boolean => document.querySelector('.session-clock') !== null

async function revokeAt(issuer: 'north'): Promise<void> {
  await admin.revokeRefreshTokens({ issuer })
  await admin.revokeAccessTokens({ issuer })
}
