import { type JSX, useEffect, useRef, useState } from 'react'

import type { Track } from '../../contract.ts'
import { admin } from '../admin.ts'
import { useSessionState } from '../auth/session.ts'
import { bareAddresses, keepPlaying, load, readPlaylist } from '../transports/player.ts'
import { Card } from './card.tsx'

/** A playlist that plays on, beside one that does not. */
export function PlayerCard(): JSX.Element {
  const [tracks, setTracks] = useState<readonly Track[]>([])
  const isActive = useSessionState().status === 'active'
  useEffect(() => {
    let isGone = false
    void readPlaylist().then((found) => isGone || setTracks(found))
    return () => {
      isGone = true
    }
  }, [])
  return (
    <Card title="Player" area="player">
      {isActive && tracks.length > 0 ? (
        <>
          <OurPlayer tracks={tracks} />
          <BarePlayer tracks={tracks} />
        </>
      ) : (
        <p className="empty">Sign in to listen.</p>
      )}
    </Card>
  )
}

interface PlayerProps {
  tracks: readonly Track[]
}

function OurPlayer({ tracks }: PlayerProps): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null)
  const [index, setIndex] = useState(0)
  const [told, setTold] = useState('')
  const current = tracks[index % tracks.length] as Track

  useEffect(() => {
    if (audio.current !== null) return keepPlaying(audio.current, () => setTold('Given up: on to the next track.'))
  }, [])

  async function play(next: number): Promise<void> {
    setIndex(next)
    setTold('')
    if (audio.current === null) return
    try {
      await load(audio.current, tracks[next % tracks.length] as Track)
      await audio.current.play()
    } catch (error) {
      // an interruption is somebody's wish
      if (error instanceof Error && error.name !== 'AbortError') setTold(error.message)
    }
  }

  async function expireWhilePaused(): Promise<void> {
    audio.current?.pause()
    await admin.revokeAccessTokens()
    setTold('Paused, and its token revoked. Press play, or seek.')
  }

  async function corrupt(): Promise<void> {
    await admin.set({ corruptTrack: current.file })
    await play(index)
    await admin.set({ corruptTrack: null })
    setTold('The file was noise: a decode error is no refusal, and costs no refresh.')
  }

  return (
    <div className="reading">
      <p className="reading-name">
        <b>{current.title}</b>
        <span className="reading-state">with recoverMedia</span>
      </p>
      {/* oxlint-disable-next-line jsx_a11y/media-has-caption: tones have no words */}
      <audio ref={audio} controls aria-label="Player with reauth" onEnded={() => void play(index + 1)} />
      <div className="glance-actions">
        <button type="button" className="button" onClick={() => void play(index)}>
          Play from the start
        </button>
        <button type="button" className="button" onClick={() => void play(index + 1)}>
          Next track
        </button>
        <button
          type="button"
          className="button"
          onClick={() =>
            void admin
              .siblings(5)
              .then(({ pushedOut }) => setTold(`Five other devices signed in: ${pushedOut} tokens pushed out.`))
          }
        >
          Push this device’s token out
        </button>
        <button type="button" className="button" onClick={() => void expireWhilePaused()}>
          Expire while paused
        </button>
        <button type="button" className="button" onClick={() => void corrupt()}>
          Corrupt file
        </button>
      </div>
      <p role="status" className="hint">
        {told}
      </p>
    </div>
  )
}

function BarePlayer({ tracks }: PlayerProps): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null)
  const addresses = useRef<readonly string[]>([])
  const [index, setIndex] = useState(0)
  const [state, setState] = useState<'idle' | 'open' | 'dead'>('idle')

  async function play(next: number): Promise<void> {
    setIndex(next)
    if (audio.current === null) return
    if (addresses.current.length === 0) addresses.current = await bareAddresses(tracks)
    audio.current.src = addresses.current[next % tracks.length] as string
    setState('open')
    await audio.current.play().catch(() => {})
  }

  return (
    <div className="reading" data-reading="bare player" data-state={state} data-bare>
      <p className="reading-name">
        <b>{(tracks[index % tracks.length] as Track).title}</b>
        <span className="reading-state">{state === 'dead' ? 'dead: its ticket was refused' : 'bare <audio>'}</span>
      </p>
      {/* oxlint-disable-next-line jsx_a11y/media-has-caption: tones have no words */}
      <audio
        ref={audio}
        controls
        aria-label="Player without reauth"
        onEnded={() => void play(index + 1)}
        onError={() => setState('dead')}
      />
      <button type="button" className="button" onClick={() => void play(index + 1)}>
        Next track of the bare one
      </button>
    </div>
  )
}
