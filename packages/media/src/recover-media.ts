import { type CredentialSource, createUnlistedWarning, type Disposer, disposer } from '@reauth/core'

import { createItem, type Item, noSource } from './item.ts'
import type { MediaOptions } from './media-options.ts'

/** How long nothing may come, in ms, for browsers that fire no `error`. */
const patienceMs = 8000

const types = 'loadstart error play pause playing seeking waiting progress'.split(' ')

/** `HTMLMediaElement.NETWORK_IDLE` */
const idle = 1

/** `HTMLMediaElement.NETWORK_LOADING` and `HAVE_FUTURE_DATA`. */
const isStarving = ({ networkState, readyState }: HTMLMediaElement): boolean => networkState === 2 && readyState < 3

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
  let item = begin()
  let timer: ReturnType<typeof setTimeout> | undefined

  function begin(): Item {
    const begun = createItem(source, element, options, warn)
    // With `preload=none` nothing is asked for before it plays.
    if (element.networkState !== idle) begun.renew()
    return begun
  }

  function listen(event: Event): void {
    const { type } = event
    if (type === 'loadstart' && !item.isReloading()) {
      item.end(true)
      item = begin()
    }
    item.on[type]?.(event)
    item.keepFresh()
    clearTimeout(timer)
    if (isStarving(element)) timer = setTimeout(onSilence, patienceMs)
  }

  function onSilence(): void {
    if (isStarving(element)) item.look()
  }

  // Before those of the page.
  for (const type of types) element.addEventListener(type, listen, { capture: true, signal })
  const { document } = globalThis as Partial<typeof globalThis>
  const onVisible = (): void => {
    if (!document?.hidden && element.readyState) item.renew()
  }
  document?.addEventListener('visibilitychange', onVisible, { signal })
  // Where every `<source>` has failed there is no error; what has only just begun to load has tried none.
  if (element.error || (element.networkState === noSource && !element.src && element.currentSrc)) item.look()

  return disposer(() => {
    life.abort()
    clearTimeout(timer)
    item.end(false)
  })
}
