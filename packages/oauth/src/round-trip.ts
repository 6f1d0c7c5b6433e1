import type { TokenStorage, Trace } from '@reauth/core'
import { createStash } from '@reauth/core/stash'

/** What is needed when the user is back. No token is among it. */
export interface Pending {
  readonly verifier: string
  /** Of a sign-in that brings an ID token. */
  readonly nonce?: string | undefined
  readonly maxAge?: number | undefined
  readonly returnTo?: string | undefined
}

/** The sign-ins of one client that are under way, by their `state`. */
export interface RoundTrip {
  begin(state: string, pending: Pending): Promise<void>
  /** Gives what belongs to a `state`, once; or whether it was ever here. */
  end(state: string): Promise<Pending | 'stale' | 'foreign'>
}

const ttlMs = 1_800_000
const rememberedMs = 86_400_000

/** `client` is part of the names: what one client began is foreign to any other over the same storage. */
export function createRoundTrip(storage: TokenStorage, trace: Trace | undefined, client: string): RoundTrip {
  const prefix = `reauth.oauth ${client}`
  const pending = createStash<Pending>({ storage, prefix, ttlMs, trace })
  const known = createStash<true>({ storage, prefix: `${prefix} known`, ttlMs: rememberedMs, trace })
  /** For a storage that fails: a sign-in in a window of its own comes back to this very page. */
  const here = new Map<string, { readonly given: Pending; readonly until: number }>()

  return {
    async begin(state, given) {
      here.set(state, { given, until: Date.now() + ttlMs })
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
      if ((await known.take(state)) === true) {
        // Asked again, it is as stale as before.
        await known.set(state, true).catch(() => {})
        return 'stale'
      }
      // The storage gives nothing back, or was never told.
      if (mine === undefined) return 'foreign'
      return Date.now() < mine.until ? mine.given : 'stale'
    },
  }
}
