import { createEmitter, type Emitter } from './emitter.ts'
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
  close(): void
}

/** For processes without tabs: what happens to the items of a storage. */
const newsOf = new WeakMap<TokenStorage, Emitter<[source: Tabs, hint: Hint]>>()

/**
 * Opens the way to the others: a channel between tabs, else the events of `localStorage`; in a process without tabs, to
 * those that were given the same storage.
 */
export function openTabs(
  platform: Platform,
  name: string,
  storage: TokenStorage | undefined,
  heard: (hint: Partial<Hint>) => void,
): Tabs {
  let channel: Channel | undefined
  try {
    channel = platform.BroadcastChannel && new platform.BroadcastChannel(`reauth:${name}`)
  } catch {
    // An opaque origin has no other tabs.
  }
  const listener = (event: { readonly key?: string | null }): void => {
    if (event.key?.startsWith(name) !== false) heard({})
  }
  const tabs: Tabs = {
    tell(hint) {
      channel?.postMessage(hint)
      news?.emit(tabs, hint)
    },
    close() {
      channel?.close()
      channel = undefined
      stop?.()
      platform.events?.removeEventListener('storage', listener, true)
    },
  }
  const news = channel === undefined && storage !== undefined ? (newsOf.get(storage) ?? createEmitter()) : undefined
  if (news !== undefined) newsOf.set(storage as TokenStorage, news)
  const stop = news?.add((source, hint) => {
    if (source !== tabs) heard(hint)
  })
  if (channel === undefined) platform.events?.addEventListener('storage', listener, true)
  else {
    channel.onmessage = ({ data }) => {
      heard(Object(data) as Partial<Hint>)
    }
  }
  return tabs
}
