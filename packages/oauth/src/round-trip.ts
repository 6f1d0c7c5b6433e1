import { checkedPath, createStash, tabStorage } from '@reauth/core/stash'

import { OAuthCallbackError } from './callback-error.ts'
import type { OAuthOptions } from './oauth-options.ts'

/** What is needed when the user is back. No token is among it. */
export interface Pending {
  readonly verifier: string
  /** Of a sign-in that brings an ID token. */
  readonly nonce?: string | undefined
  readonly maxAge?: number | undefined
  readonly returnTo?: string | undefined
}

/** Where the user goes on: a path of this origin. */
export interface Place {
  returnTo?: string
}

/** The sign-ins of one client that are under way, by their `state`. */
export interface RoundTrip {
  /** Returns a place if it is one. Throws a `TypeError` for what leaves the origin. */
  placeOf(returnTo: string | undefined): Place
  begin(state: string, pending: Pending): Promise<void>
  /** Gives what belongs to a `state`, once. Rejects with an `OAuthCallbackError` that says whether it was ever here. */
  end(state: string): Promise<Pending>
}

const ttlMs = 1_800_000
const rememberedMs = 86_400_000

export function createRoundTrip(options: OAuthOptions): RoundTrip {
  const { issuer, clientId, redirectUri, storage = tabStorage(), trace } = options
  const { origin } = new URL(redirectUri)
  // What one client began is foreign to any other over the same storage.
  const prefix = `reauth.oauth ${new URL(issuer).href} ${clientId}`
  const pending = createStash<Pending>({ storage, prefix, ttlMs, trace })
  const known = createStash<true>({ storage, prefix: `${prefix} known`, ttlMs: rememberedMs, trace })
  /** For a storage that fails: a sign-in in a window of its own comes back to this very page. */
  const here = new Map<string, Pending & { readonly until: number }>()

  return {
    placeOf: (returnTo) => (returnTo === undefined ? {} : { returnTo: checkedPath(returnTo, origin, trace) }),
    async begin(state, given) {
      here.set(state, { ...given, until: Date.now() + ttlMs })
      try {
        await pending.set(state, given)
        await known.set(state, true)
      } catch {
        // Then the page knows, as long as it is there.
      }
    },
    async end(state) {
      const mine = here.get(state)
      here.delete(state)
      const stored = await pending.take(state)
      // Whoever can write to the storage decides what is there.
      if (typeof stored?.verifier === 'string') return stored
      const isKnown = await known.take(state)
      // Asked again, it is as stale as before.
      if (isKnown) await known.set(state, true).catch(() => {})
      // The storage gives nothing back, or was never told.
      else if (mine && Date.now() < mine.until) return mine
      throw new OAuthCallbackError(isKnown || mine ? 'stale' : 'foreign')
    },
  }
}
