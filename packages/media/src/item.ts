import {
  type Credential,
  type CredentialSource,
  type Disposer,
  PermissionDeniedError,
  type Verdict,
} from '@reauth/core'

import { addressOf, type Carrier, pastCaches, sourcesOf, withoutQuery } from './address.ts'
import { isBuffered } from './buffered.ts'
import type { MediaOptions } from './media-options.ts'
import { examine } from './probe.ts'
import { reload } from './reload.ts'

/** One item of an element: what one load of the page's began, however often it is loaded again on its account. */
export interface Item {
  /** What it does at events of its element. */
  readonly on: { readonly [type: string]: ((event: Event) => void) | undefined }
  /** Returns whether a load that starts is one that was made on its account. */
  isReloading(): boolean
  /** Renews a stale credential ahead; goes on from a new address if a request is needed by then. */
  renew(isRequestNeeded?: () => boolean): void
  /** Keeps the credential fresh while it plays and has data to come. */
  keepFresh(): void
  /** Finds out why nothing comes, where no `error` tells. */
  look(): void
  /** Ends it; `isReplaced` is false where the element is left alone from now on. */
  end(isReplaced: boolean): void
}

/** Nothing is wrong; it is found out why a carrier failed; a load was made that has not begun; nothing is done any more. */
type State = 'idle' | { readonly failed: Carrier | undefined } | 'reloading' | 'over'

/** `HTMLMediaElement.NETWORK_NO_SOURCE` */
export const noSource = 3

const isNewer = (one: Credential, other: Credential | undefined): boolean =>
  other === undefined || (one.epoch === other.epoch && one.version > other.version)

export function createItem(
  source: CredentialSource,
  element: HTMLMediaElement,
  options: MediaOptions,
  warn: (what: string, origin: string) => void,
): Item {
  const { source: addressFor, signedUrl, classify, onGiveUp, onBlocked } = options
  const life = new AbortController()
  const { signal } = life
  let state: State = 'idle'
  let sources = sourcesOf(element)
  /** What its requests go with: the newest, where that is a cookie; else what its address was made with. */
  let used: Credential | undefined
  /** What it was loaded with, as far as that is known. */
  let loaded: Credential | undefined
  let renewal: Promise<void> | undefined
  let held: Disposer | undefined
  /** It was loaded again, and has not played since; `resumedAt` is where, in s. */
  let isOnTrial = false
  let resumedAt: number | undefined
  /** What the page wants, which `paused` does not tell after an error. */
  let isPlaying = !element.paused || element.autoplay

  /** Whether the session's credentials may go there. A stream has no address. */
  const isOurs = (carrier: Carrier): boolean => source.origins(addressOf(carrier) || 'about:blank')

  function release(): void {
    held?.()
    held = undefined
  }

  /** Ends it, and lets go of the error that was held back, if there is one. */
  function finish(failed?: Carrier): void {
    state = 'over'
    release()
    life.abort()
    failed?.dispatchEvent(new Event('error'))
  }

  /** Finds out why a carrier failed, or has no data, and does what helps. */
  async function recover(failed?: Carrier, given?: Verdict): Promise<void> {
    const mine = { failed }
    state = mine
    const { error } = element
    const carrier = failed ?? element
    const address = addressOf(carrier)
    const src = withoutQuery(address)
    // The page may have loaded something else, or the same again.
    const isOver = (): boolean => state !== mine || sourcesOf(element) !== sources || element.error !== error
    try {
      const remedy = await remedyFor(carrier, given, isOver)
      const isFit = typeof remedy === 'object'
      const url = isFit ? await addressFor?.(remedy, src) : pastCaches(address)
      if (isOver()) return
      if (remedy) load(carrier, src, isFit ? remedy : used, url)
      else if (failed) finish(failed)
      else state = 'idle'
    } catch (cause) {
      if (isOver()) return
      finish(onGiveUp ? undefined : failed)
      onGiveUp?.({ src, error: cause })
    }
  }

  /** Returns what will help: a load with a credential, or one past all caches. Rejects where a refusal is for good. */
  async function remedyFor(
    carrier: Carrier,
    given: Verdict | undefined,
    isOver: () => boolean,
  ): Promise<Credential | 'past caches' | undefined> {
    await renewal
    let obstacle: unknown
    const fit = await source.acquire({ signal }).catch((error: unknown) => void (obstacle = error))
    const isSessions = isOurs(carrier)
    // Its age tells: by now there is another one.
    const isAged = isSessions && !signedUrl && fit && isNewer(fit, used)
    if (isAged && !isOnTrial && (given ?? 'refused') === 'refused') return fit
    const finding = given ?? (await examine(addressOf(carrier), element, options, signal))
    if (isOver()) return undefined
    const isRefused = finding === 'refused'
    if (isRefused && isSessions) {
      if (!fit) throw obstacle
      return source.acquire({ refused: used ?? fit, final: isOnTrial, signal })
    }
    if (signedUrl && (isRefused || finding === 'denied')) {
      if (!fit) throw obstacle
      if (isOnTrial) throw new PermissionDeniedError('Denied again; check what `source` signs')
      return fit
    }
    if (isOnTrial) return undefined
    if (finding === 'transient') return addressFor && fit ? fit : 'past caches'
    // What it was sent with was refused, and that comes late.
    return finding === 'served' && !addressFor && fit && isNewer(fit, loaded) ? fit : undefined
  }

  function load(carrier: Carrier, src: string, fit: Credential | undefined, url: string | undefined): void {
    state = 'reloading'
    loaded = used = fit
    isOnTrial = true
    resumedAt = element.currentTime
    source.trace?.({ type: 'replay', level: 'info', origin: new URL(src).origin, version: used?.version ?? 0 })
    reload(element, carrier, url, isPlaying, signal).catch((error: unknown) => {
      // Any other is told by an event, too.
      if (signal.aborted || (error as Error).name !== 'NotAllowedError') return
      isPlaying = false
      onBlocked?.({ src, error })
    })
    sources = sourcesOf(element)
  }

  /** Learns what requests go with from now on; renews it first if it is stale. */
  async function learn(isRequestNeeded: (() => boolean) | undefined): Promise<void> {
    let isRenewed = false
    const stop = source.hold({ refreshAheadMs: 0, onCredential: () => void (isRenewed = true) })
    // Without one, what plays plays on; what is refused will tell.
    const fit = await source.acquire({ signal }).catch(() => undefined)
    stop()
    if (!fit) return
    if (!isRenewed) loaded ??= fit
    if (addressFor) {
      used ??= loaded
      if (state === 'idle' && isNewer(fit, used) && isRequestNeeded?.()) void recover()
      // What fails while it is renewed went with the one before.
    } else if (!isRenewed || state === 'idle') note(fit)
  }

  /** A browser sends the newest cookie with each request. */
  function note(credential: Credential): void {
    if (isNewer(credential, used)) used = credential
  }

  function renew(isRequestNeeded?: () => boolean): void {
    if (!signedUrl && isOurs(element) && !isBuffered(element)) renewal = learn(isRequestNeeded)
  }

  return {
    on: {
      error(event) {
        const carrier = event.target as Carrier
        // Another source may still do; and a track is none.
        const isLast = carrier === element || (carrier.localName === 'source' && element.networkState === noSource)
        if (!isLast || state === 'over') return
        const { error } = element
        const given = classify?.({ mediaError: error })
        // 1 is what the user aborted, 3 what cannot be decoded.
        if (!given && error && error.code % 2) return
        if (!signedUrl && !isOurs(carrier)) {
          const address = addressOf(carrier)
          // Not what a page has made itself, as for MSE.
          if (address.startsWith('http')) warn('An error', new URL(address).origin)
          return
        }
        event.stopImmediatePropagation()
        void recover(carrier, given)
      },
      play() {
        if (!isPlaying) isOnTrial = false
        isPlaying = true
        renew(() => !isBuffered(element))
      },
      pause() {
        // Browsers pause what has failed.
        if (element.error === null) isPlaying = false
      },
      playing() {
        isOnTrial = false
      },
      seeking() {
        if (element.currentTime !== resumedAt) isOnTrial = false
        const isElsewhere = (): boolean => !isBuffered(element, element.currentTime)
        if (isElsewhere()) renew(isElsewhere)
      },
    },
    isReloading() {
      const isIts = state === 'reloading' && sourcesOf(element) === sources
      if (isIts) state = 'idle'
      return isIts
    },
    renew,
    keepFresh() {
      const isSent = !addressFor && state !== 'over' && isOurs(element)
      if (isSent && isPlaying && !isBuffered(element)) held ??= source.hold({ onCredential: note, onEnd: release })
      else release()
    },
    look() {
      if (state === 'idle' && (signedUrl || isOurs(element))) void recover()
    },
    end(isReplaced) {
      finish(typeof state === 'object' && !isReplaced ? state.failed : undefined)
    },
  }
}
