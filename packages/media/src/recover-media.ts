import type { CredentialSource, Disposer } from '@reauth/core'

import type { Carrier } from './address.ts'
import { isBuffered, isBufferedToEnd } from './buffered.ts'
import { createItem, isReleased, type Item } from './item.ts'
import type { MediaOptions } from './media-options.ts'
import { createUnlistedWarning } from './origin.ts'
import { watchForStalls } from './stall.ts'

/** `HTMLMediaElement.NETWORK_EMPTY` and `NETWORK_NO_SOURCE`. */
const empty = 0
const noSource = 3

/**
 * Has an audio or video element play on where it was when its credential is refused: renews that once, loads the item
 * again, and gives up if it is refused once more. Returns what ends it.
 *
 * An `error` that may be a refusal is held back: listeners get it once it is known to be none.
 */
export function recoverMedia(
  source: CredentialSource,
  element: HTMLMediaElement,
  options: MediaOptions = {},
): Disposer {
  const life = new AbortController()
  const { signal } = life
  const warn = createUnlistedWarning(source)
  let item: Item | undefined

  const begin = (): void => {
    item?.end(true)
    item = createItem(source, element, options, warn)
    // Nothing is asked for before it plays.
    if (element.preload !== 'none' || !element.paused || element.autoplay) renew(() => false)
  }
  const renew = (isRequestNeeded: () => boolean): void => item?.renew(isRequestNeeded)

  const listeners: { [type: string]: (event: Event) => void } = {
    loadstart() {
      if (item?.isReloading() !== true) begin()
    },
    error(event) {
      const carrier = event.target as Carrier
      // Another source may still do; and a track is none.
      const isLast = carrier === element || (carrier.localName === 'source' && element.networkState === noSource)
      if (isLast && !isReleased(event)) item?.fail(event, carrier)
    },
    play() {
      item?.play()
      renew(() => !isBufferedToEnd(element))
    },
    pause: () => item?.pause(),
    playing: () => item?.prove(),
    seeking() {
      item?.seek()
      if (!isBuffered(element)) renew(() => !isBuffered(element))
    },
  }
  for (const [type, listener] of Object.entries(listeners)) {
    element.addEventListener(type, listener, { capture: true, signal })
  }
  for (const type of ['play', 'pause', 'progress', 'playing']) {
    element.addEventListener(type, () => item?.keepFresh(), { signal })
  }
  const { document } = globalThis as Partial<typeof globalThis>
  document?.addEventListener(
    'visibilitychange',
    () => {
      if (!document.hidden && !isBufferedToEnd(element)) renew(() => false)
    },
    { signal },
  )
  watchForStalls(element, () => void item?.examine(), signal)
  if (element.networkState !== empty) {
    begin()
    if (element.error !== null || element.networkState === noSource) void item?.examine()
  }

  const stop = (): void => {
    life.abort()
    item?.end(false)
    item = undefined
  }
  return Object.assign(stop, { [Symbol.dispose]: stop })
}
