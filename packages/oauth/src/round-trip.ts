import type { TokenStorage, Trace } from '@reauth/core'
import { createStash } from '@reauth/core/stash'

/** What is needed when the user is back. No token is among it. */
interface Pending {
  readonly verifier: string
  readonly nonce: string
  readonly maxAge?: number | undefined
}

/** The sign-ins that are under way, by their `state`. */
export interface RoundTrip {
  begin(state: string, pending: Pending): Promise<void>
  /** Gives what belongs to a `state`, once; or whether it was ever here. */
  end(state: string): Promise<Pending | 'stale' | 'foreign'>
}

const ttlMs = 1_800_000
const rememberedMs = 86_400_000

export function createRoundTrip(storage: TokenStorage, trace: Trace | undefined): RoundTrip {
  const pending = createStash<Pending>({ storage, prefix: 'reauth.oauth', ttlMs, trace })
  const known = createStash<true>({ storage, prefix: 'reauth.oauth.known', ttlMs: rememberedMs, trace })
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
      if (isPending(stored)) return stored
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

/** Whoever can write to the storage decides what is there. */
function isPending(value: Pending | undefined): value is Pending {
  return typeof value?.verifier === 'string' && typeof value.nonce === 'string'
}
