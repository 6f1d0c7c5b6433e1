import {
  type Credential,
  type CredentialSource,
  type Disposer,
  PermissionDeniedError,
  type Verdict,
} from '@reauth/core'

import { addressOf, type Carrier, pastCaches, sourcesOf, withoutQuery } from './address.ts'
import { isBufferedToEnd } from './buffered.ts'
import type { MediaOptions } from './media-options.ts'
import { isListed } from './origin.ts'
import { reload } from './reload.ts'
import { find, findingOf } from './verdict.ts'

/** One item of an element: what one load of the page's began, however often it is loaded again on its account. */
export interface Item {
  /** Holds an `error` back until it is known whether it is a refusal. */
  fail(event: Event, carrier: Carrier): void
  /** Finds out why it has no data, where no `error` tells. */
  examine(): Promise<void>
  /** Renews a stale credential; goes on from a new address if a request is needed then. */
  renew(isRequestNeeded: () => boolean): void
  /** The page, or whoever sits before it, has it play. */
  play(): void
  pause(): void
  /** It plays, so what it was loaded with works. */
  prove(): void
  /** The position moves. */
  seek(): void
  /** Keeps the credential fresh as long as it plays and has data to come. */
  keepFresh(): void
  /** Returns whether a load that starts is one that was made on its account. */
  isReloading(): boolean
  /** Ends it; `isReplaced` is false where the element is left alone from now on. */
  end(isReplaced: boolean): void
}

/** What is being done: nothing, finding out why this carrier failed, a load that is to start, or nothing ever again. */
type State = 'idle' | { readonly failed: Carrier | undefined } | 'reloading' | 'over'

/** Events that were held back and are let go: nobody holds them again. */
const released = new WeakSet<Event>()

export function isReleased(event: Event): boolean {
  return released.has(event)
}

const isNewer = (one: Credential, other: Credential | undefined): boolean =>
  other === undefined || (one.epoch === other.epoch && one.version > other.version)

export function createItem(
  source: CredentialSource,
  element: HTMLMediaElement,
  options: MediaOptions,
  warn: (address: string) => void,
): Item {
  const { source: addressFor, signedUrl = false, classify, onGiveUp, onBlocked } = options
  const { probe = (url, init) => fetch(url, init) } = options
  const life = new AbortController()
  const { signal } = life
  let state: State = 'idle'
  let sources = sourcesOf(element)
  /** What its requests go with: the newest, where that is a cookie; else what its address was made with. */
  let used: Credential | undefined
  /** What it was loaded with; undefined where that is not known. */
  let loaded: Credential | undefined
  /** It was loaded again, and has not played since. */
  let isOnTrial = false
  /** Where it was when it was loaded again, in s. */
  let resumedAt: number | undefined
  /** What the page wants, which `paused` does not tell after an error. */
  let isPlaying = !element.paused || element.autoplay
  let held: Disposer | undefined
  let renewal: Promise<void> | undefined

  /** The browser sends the newest cookie with each request. */
  function note(credential: Credential): void {
    if (addressFor === undefined && isNewer(credential, used)) used = credential
  }

  function release(): void {
    held?.()
    held = undefined
  }

  /** A signed address may lead anywhere: no credential goes there. */
  const isWatched = (carrier: Carrier): boolean => signedUrl || isListed(source, addressOf(carrier))

  function letGo(failed: Carrier | undefined): void {
    state = 'idle'
    if (failed === undefined) return
    const event = new Event('error')
    released.add(event)
    failed.dispatchEvent(event)
  }

  function giveUp(failed: Carrier | undefined, src: string, error: unknown): void {
    source.trace?.({
      type: 'warning',
      level: 'warn',
      origin: new URL(src).origin,
      reason: `Media given up: ${String(nameOf(error))}`,
    })
    release()
    if (onGiveUp === undefined) letGo(failed)
    state = 'over'
    onGiveUp?.({ src, error })
  }

  async function examine(failed?: Carrier, given?: Verdict): Promise<void> {
    const mine = { failed }
    state = mine
    const { error } = element
    // The page may have loaded something else, or the same again.
    const isOver = (): boolean => state !== mine || sourcesOf(element) !== sources || element.error !== error
    const carrier = failed ?? element
    const address = addressOf(carrier)
    const src = withoutQuery(address)
    const isOurs = isListed(source, address)

    async function again(credential: Credential | undefined, isCorrupt = false): Promise<void> {
      const renewed = credential && (await addressFor?.(credential, src))
      if (isOver()) return
      load(carrier, credential, renewed ?? (isCorrupt ? pastCaches(address) : undefined))
    }

    try {
      await renewal
      const { fit, obstacle } = await fitOf(source.acquire({ signal }))
      if (isOver()) return
      // Its age tells: by now it is another one.
      const isAged = fit !== undefined && isOurs && !signedUrl && isNewer(fit, used)
      if (isAged && !isOnTrial && (given ?? 'refused') === 'refused') return await again(fit)
      const failure = { mediaError: error ?? undefined }
      const { verdict, isServed } =
        given === undefined
          ? findingOf(await find(address, element, probe, signal), failure, classify)
          : { verdict: given, isServed: false }
      if (isOver()) return
      const isDenied = signedUrl && (verdict === 'denied' || (verdict === 'refused' && !isOurs))
      // It was sent with the cookie before, and its refusal comes late.
      const isLate = isServed && addressFor === undefined && fit !== undefined && isNewer(fit, loaded)
      if (verdict === 'refused' && isOurs) {
        if (fit === undefined) throw obstacle
        await again(await source.acquire({ refused: used ?? fit, final: isOnTrial, signal }))
      } else if (isDenied) {
        if (fit === undefined) throw obstacle
        if (isOnTrial) throw new PermissionDeniedError('A new address was denied, too; check what `source` signs')
        await again(fit)
      } else if ((verdict === 'transient' || isLate) && !isOnTrial) await again(fit, verdict === 'transient')
      else letGo(failed)
    } catch (cause) {
      if (!isOver()) giveUp(failed, src, cause)
    }
  }

  function load(carrier: Carrier, credential: Credential | undefined, url: string | undefined): void {
    const src = withoutQuery(addressOf(carrier))
    state = 'reloading'
    loaded = used = credential ?? used
    isOnTrial = true
    resumedAt = element.currentTime
    source.trace?.({
      type: 'replay',
      level: 'info',
      origin: new URL(src).origin,
      ...(used && { version: used.version }),
    })
    reload(element, { carrier, url, isPlaying, signal }).catch((error: unknown) => {
      // Any other is told by an event, too.
      if (signal.aborted || nameOf(error) !== 'NotAllowedError') return
      isPlaying = false
      onBlocked?.({ src, error })
    })
    sources = sourcesOf(element)
  }

  /** Learns which credential requests go with from now on; renews it first if it is stale. */
  async function renew(isRequestNeeded: () => boolean): Promise<void> {
    if (signedUrl || !isListed(source, addressOf(element))) return
    let isRenewed = false
    const onCredential = (): void => {
      isRenewed = true
    }
    const stop = source.hold({ refreshAheadMs: 0, onCredential })
    try {
      const fit = await source.acquire({ signal })
      // What fails while it is renewed went with the one before.
      if (!isRenewed || state === 'idle') note(fit)
      if (!isRenewed) loaded ??= fit
      if (addressFor === undefined) return
      used ??= loaded
      if (state !== 'idle' || !isNewer(fit, used) || !isRequestNeeded()) return
      const address = await addressFor(fit, withoutQuery(addressOf(element)))
      if (state === 'idle' && sourcesOf(element) === sources) load(element, fit, address)
    } catch {
      // What plays, plays on; what is refused will tell.
    } finally {
      stop()
    }
  }

  return {
    fail(event, carrier) {
      if (state === 'over') return
      const mediaError = (carrier === element ? element.error : undefined) ?? undefined
      const given = classify?.({ mediaError })
      // Aborted by the user, or data that cannot be decoded.
      const isOther = mediaError?.code === 1 || mediaError?.code === 3
      if (given === undefined && isOther) return
      if (!isWatched(carrier)) return warn(addressOf(carrier))
      event.stopImmediatePropagation()
      void examine(carrier, given)
    },
    examine: async () => {
      if (state === 'idle' && isWatched(element)) await examine()
    },
    renew(isRequestNeeded) {
      renewal = renew(isRequestNeeded)
    },
    play() {
      if (!isPlaying) isOnTrial = false
      isPlaying = true
    },
    pause() {
      // Browsers pause what has failed.
      if (element.error === null && typeof state === 'string') isPlaying = false
    },
    prove() {
      isOnTrial = false
    },
    seek() {
      if (element.currentTime !== resumedAt) isOnTrial = false
    },
    keepFresh() {
      const isSent = addressFor === undefined && state !== 'over' && isListed(source, addressOf(element))
      if (isSent && isPlaying && !isBufferedToEnd(element)) held ??= source.hold({ onCredential: note, onEnd: release })
      else release()
    },
    isReloading() {
      const isOurs = state === 'reloading' && sourcesOf(element) === sources
      if (isOurs) state = 'idle'
      return isOurs
    },
    end(isReplaced) {
      const failed = typeof state === 'object' ? state.failed : undefined
      state = 'over'
      release()
      life.abort()
      if (!isReplaced) letGo(failed)
    },
  }
}

async function fitOf(acquiring: Promise<Credential>): Promise<{ fit?: Credential; obstacle?: unknown }> {
  try {
    return { fit: await acquiring }
  } catch (obstacle) {
    return { obstacle }
  }
}

function nameOf(error: unknown): unknown {
  return (error as { name?: unknown } | null)?.name
}
