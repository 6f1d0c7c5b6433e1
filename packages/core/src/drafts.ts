import { createStash } from './create-stash.ts'
import type { TokenStorage } from './storage.ts'
import { tabStorage } from './tab-storage.ts'
import type { Trace } from './trace.ts'

/** Where a draft belongs, and to whom. All three have to be the same to get it back. */
export interface DraftKey {
  /** The server that it was written for. */
  server: string
  /** The field on it: a room, a thread, a form. */
  place: string
  /** Who wrote it, as the session's `identity`. Not empty: a draft of nobody would be shown to anybody. */
  identity: string
}

/** What {@link drafts} is made with. */
export interface DraftsOptions {
  /**
   * Where drafts wait.
   *
   * @default `sessionStorage`; memory where there is none
   */
  storage?: TokenStorage | undefined
  /** How long a draft may wait, in ms. @default 86_400_000, 24 hours */
  ttlMs?: number | undefined
  /** Takes a warning for each draft that is lost, never with the text; it goes to the console without it. */
  trace?: Trace | undefined
}

/** Keeps what the user had typed over the sign-in round trip. */
export interface Drafts {
  /**
   * Puts a text aside, in the place of the one before; an empty text removes it.
   *
   * Rejects with what the storage threw, so leave the text where it is until this has resolved; and with a `TypeError`
   * without an identity.
   */
  save(key: DraftKey, text: string): Promise<void>
  /**
   * Gives a text, once; ask when the field is empty and can take it. Rejects with a `TypeError` without an identity, for
   * nothing else.
   */
  take(key: DraftKey): Promise<string | undefined>
}

/** Creates a {@link Drafts}. Throws a `TypeError` for a time that is none. */
export function drafts({ storage = tabStorage(), ttlMs = 86_400_000, trace }: DraftsOptions = {}): Drafts {
  const stash = createStash({ storage, prefix: 'reauth.drafts', ttlMs, trace })
  return {
    async save(key, text) {
      const name = nameOf(key)
      await (text === '' ? stash.take(name) : stash.set(name, text))
    },
    async take(key) {
      const text = await stash.take(nameOf(key))
      return typeof text === 'string' ? text : undefined
    },
  }
}

/** JSON, since any separator may occur in the members. */
function nameOf({ server, place, identity }: DraftKey): string {
  const members = [server, place, identity]
  if (members.some((member) => typeof member !== 'string') || identity === '')
    throw new TypeError('drafts: server, place and identity have to be texts, and identity not empty')
  return JSON.stringify(members)
}
