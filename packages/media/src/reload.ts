import type { Carrier } from './address.ts'

export interface Reload {
  /** Where a new address goes. */
  readonly carrier: Carrier
  /** Absent where the old one will do. */
  readonly url: string | undefined
  readonly isPlaying: boolean
  /** Ends what is still to be restored. */
  readonly signal: AbortSignal
}

/**
 * Loads an element anew, and has it go on as it was: position or target of a seek, rate, text tracks, playing or paused;
 * a load leaves the rest alone. No await between the look and the load: whatever the page does comes before or after.
 * Rejects as `play` does.
 */
export async function reload(element: HTMLMediaElement, { carrier, url, isPlaying, signal }: Reload): Promise<void> {
  const { currentTime, duration, playbackRate } = element
  const modes = [...element.textTracks].map(({ mode }) => mode)
  if (url !== undefined) carrier.src = url
  if (url === undefined || carrier !== element) element.load()
  element.playbackRate = playbackRate
  // Before there is metadata, this is where playback begins. A live stream begins where it is by now.
  if (currentTime > 0 && duration !== Infinity) element.currentTime = currentTime
  const setModes = (): void => {
    ;[...element.textTracks].forEach((track, index) => {
      track.mode = modes[index] ?? track.mode
    })
  }
  element.addEventListener('loadedmetadata', setModes, { once: true, signal })
  if (isPlaying) await element.play()
  // Or `autoplay` would start what was paused.
  else element.pause()
}
