import { recoverMedia } from '@reauth/media'

import { paths, type Playlist, type Track } from '../../contract.ts'
import { inspected, via } from '../activity/via.ts'
import { session } from '../auth/session.ts'
import { originOf } from '../facts.ts'
import { asBare, ticketed } from './ticket.ts'

/** Where a track is. */
const addressOf = ({ file }: Track): string => `${originOf('media')}${paths.tracks}/${file}`

/** What can be played. */
export async function readPlaylist(): Promise<readonly Track[]> {
  const response = await fetch(`${originOf('media')}${paths.playlist}`)
  return ((await response.json()) as Playlist).tracks
}

/** Has an element play on through reauth. Returns how to let go of it. */
export function keepPlaying(element: HTMLMediaElement, onGiveUp: () => void): () => void {
  return recoverMedia(via('player', session), element, {
    source: (_credential, src) => ticketed(src),
    probe: inspected('player'),
    onGiveUp,
  })
}

/** Loads a track with a ticket of the moment. */
export async function load(element: HTMLMediaElement, track: Track): Promise<void> {
  element.src = await ticketed(addressOf(track))
}

/** Makes the addresses of a player that knows one ticket only. */
export async function bareAddresses(tracks: readonly Track[]): Promise<readonly string[]> {
  const first = new URL(await ticketed(asBare(originOf('media'))))
  return tracks.map((track) => addressOf(track) + first.search)
}
