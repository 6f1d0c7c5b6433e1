import type { Carrier } from './address.ts'

/**
 * Loads an element anew, and has it go on as it was: position or target of a seek, rate, text tracks, playing or paused;
 * a load leaves the rest alone. `url` goes to the carrier; without one the old address will do. `signal` ends what is
 * still to be restored. No await between the look and the load: whatever the page does comes before or after. Rejects as
 * `play` does.
 */
export async function reload(
  element: HTMLMediaElement,
  carrier: Carrier,
  url: string | undefined,
  isPlaying: boolean,
  signal: AbortSignal,
): Promise<void> {
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
