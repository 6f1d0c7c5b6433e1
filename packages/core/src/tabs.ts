import type { Channel, Platform } from './platform/platform.ts'
import type { TokenStorage } from './storage.ts'

/** What one session tells those that share its name: a hint to look into the store, never a token. */
export interface Hint {
  readonly epoch: number
  readonly version: number
  /** When somebody signed out (epoch ms), for tabs that share no store. */
  readonly signedOutAt?: number | undefined
}

/** The other tabs of this origin, and the other sessions of this process, that are the same session. */
export interface Tabs {
  tell(hint: Hint): void
  /** Hears of nobody any more, and may still tell. */
  mute(): void
  close(): void
}

type Listener = (hint: Partial<Hint>) => void

/** For processes without tabs: who shares a name in a storage. */
const neighboursOf = new WeakMap<TokenStorage, Map<string, Set<Listener>>>()

/**
 * Opens the way to the others: a channel between tabs, and the events of `localStorage`, which come when its items do; in
 * a process without tabs, to those that were given the same storage.
 */
export function openTabs(platform: Platform, name: string, storage: TokenStorage | undefined, heard: Listener): Tabs {
  const { events } = platform
  const listener = (event: { readonly key?: string | null }): void => {
    if (event.key?.startsWith(name) !== false) heard({})
  }
  events?.addEventListener('storage', listener, true)
  const others = channelOf(platform, name, heard) ?? neighboursIn(storage, name, heard)
  return {
    ...others,
    mute() {
      events?.removeEventListener('storage', listener, true)
      others.mute()
    },
  }
}

function channelOf({ BroadcastChannel }: Platform, name: string, heard: Listener): Tabs | undefined {
  let channel: Channel | undefined
  try {
    channel = BroadcastChannel && new BroadcastChannel(`reauth:${name}`)
  } catch {
    // An opaque origin has no other tabs.
  }
  if (channel === undefined) return undefined
  // oxlint-disable-next-line prefer-add-event-listener
  channel.onmessage = ({ data }) => {
    heard(Object(data) as Partial<Hint>)
  }
  return {
    tell(hint) {
      // Not a window's: a channel reaches this origin alone.
      // oxlint-disable-next-line require-post-message-target-origin
      channel?.postMessage(hint)
    },
    mute() {
      // oxlint-disable-next-line prefer-add-event-listener
      if (channel !== undefined) channel.onmessage = null
    },
    close() {
      channel?.close()
      channel = undefined
    },
  }
}

function neighboursIn(storage: TokenStorage | undefined, name: string, heard: Listener): Tabs {
  const names = (storage && neighboursOf.get(storage)) ?? new Map<string, Set<Listener>>()
  if (storage !== undefined) neighboursOf.set(storage, names)
  const neighbours = names.get(name) ?? new Set()
  names.set(name, neighbours.add(heard))
  return {
    tell(hint) {
      for (const neighbour of neighbours) if (neighbour !== heard) neighbour(hint)
    },
    mute() {
      if (neighbours.delete(heard) && neighbours.size === 0) names.delete(name)
    },
    close() {},
  }
}
