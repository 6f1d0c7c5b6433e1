import { identityOf } from './identity.ts'
import { parseRecord, parseStamp, type SessionRecord } from './session-record.ts'
import type { TokenStorage } from './storage.ts'
import { flawOf, type TokenSet } from './token-set.ts'

export interface MigrationOptions {
  /** Where the code that is being replaced keeps its tokens, in the same storage. */
  legacyKey: string
  /**
   * Reads what stands there. Undefined, an error or a flawed token set means that it is nothing to go by. Give the
   * `identity` if you can: a change that is not provably the same identity counts as a new sign-in.
   */
  read(legacy: string): TokenSet | undefined
  /** Writes what the legacy code shall read. */
  write(tokens: TokenSet): string
}

/** A record that also holds what its writing put an end to, until the legacy key says so, too. */
type Marked = SessionRecord & { readonly superseded?: unknown }

/** What stands under a key, by both accounts. */
interface Look {
  /** What the storage holds. */
  readonly raw: unknown
  readonly legacy: unknown
  /** What `getItem` gives. */
  readonly shown: unknown
  /** Whether it is the session, by either account, or its absence. */
  readonly isSession: boolean
}

/**
 * Keeps a legacy key in step with one session, so that old code and new share their tokens: whatever the session stores
 * is written there, too, and a sign-out removes both.
 *
 * Tokens that somebody else wrote there win. They come as the session's record with a version one higher, and an epoch
 * one higher unless their identity is provably the same; where there is no record, as the first of an epoch above the
 * last sign-out. Reading writes nothing: the record follows with the session's next write. A legacy key that is gone, or
 * that `read` makes nothing of, changes nothing: old code signs out through the issuer.
 *
 * Synchronous over a synchronous storage. Old code takes no lock: a write of its own at the same moment may be lost.
 */
export function migratingStorage(storage: TokenStorage, { legacyKey, read, write }: MigrationOptions): TokenStorage {
  const { request, replaceItem } = storage
  let arrival: { readonly text: string; readonly at: number } | undefined

  /** The receipt of tokens is when they were first seen, so that what is read twice is the same twice. */
  function receivedAt(text: string): number {
    if (arrival?.text !== text) arrival = { text, at: Date.now() }
    return arrival.at
  }

  /** Returns the tokens that somebody else has put there; undefined if they are no news. */
  function newsIn(text: string, record: Marked | undefined): TokenSet | undefined {
    if (record !== undefined && [write(record.tokens), record.superseded].some((known) => isSame(known, text))) {
      return undefined
    }
    try {
      const tokens = read(text)
      // The order or a time may differ in what is the same set.
      return flawOf(tokens) !== undefined || tokens?.accessToken === record?.tokens.accessToken ? undefined : tokens
    } catch {
      return undefined
    }
  }

  function recordOf(tokens: TokenSet, text: string, former: Marked | undefined, mark: unknown): SessionRecord {
    const signedOut = parseStamp(mark ?? 0)
    const identity = identityOf(tokens)
    const isSamePerson = identity !== undefined && identity === former?.identity && former.epoch >= signedOut.epoch
    return {
      format: 1,
      epoch: isSamePerson ? former.epoch : Math.max(former?.epoch ?? 0, signedOut.epoch) + 1,
      version: Math.max(former?.version ?? 0, signedOut.version) + 1,
      tokens,
      receivedAt: receivedAt(text),
      ...(identity !== undefined && { identity }),
    }
  }

  /** The legacy key first: then the record that is read is as new, or names what it has superseded. */
  function look(key: string): Look | Promise<Look> {
    return after(storage.getItem(legacyKey), (legacy) =>
      after(storage.getItem(key), (raw) => {
        const record: Marked | undefined = parseRecord(raw, flawOf)
        const isSession = record !== undefined || isAbsent(raw)
        const text = textOf(legacy)
        const news = isSession && text !== undefined ? newsIn(text, record) : undefined
        if (text === undefined || news === undefined) return { raw, legacy, shown: unmarked(record, raw), isSession }
        return after(storage.getItem(legacyKey), (again) => {
          // It was on its way from one to the other.
          if (textOf(again) !== text) return look(key)
          return after(storage.getItem(epochKeyOf(key)), (mark) => {
            return { raw, legacy, shown: JSON.stringify(recordOf(news, text, record, mark)), isSession }
          })
        })
      }),
    )
  }

  return {
    base: storage.base ?? storage,
    ...(request !== undefined && {
      request: (name, options, callback) =>
        request.call(storage, name, options, callback) as ReturnType<typeof callback>,
    }),
    getItem: (key) => (isEpochKey(key) ? storage.getItem(key) : after(look(key), ({ shown }) => shown)),
    setItem(key, value) {
      const record = parseRecord(value, flawOf)
      if (record === undefined) return storage.setItem(key, value)
      return after(storage.getItem(legacyKey), (legacy) =>
        // A reader in between, or after a crash, must not take the old tokens for news.
        after(storage.setItem(key, marked(record, legacy)), () => storage.setItem(legacyKey, write(record.tokens))),
      )
    },
    removeItem(key) {
      if (isEpochKey(key)) return storage.removeItem(key)
      return after(look(key), ({ isSession }) =>
        // The legacy key first: left alone, it would be a sign-in.
        after(isSession ? storage.removeItem(legacyKey) : undefined, () => storage.removeItem(key)),
      )
    },
    ...(replaceItem !== undefined && {
      replaceItem(key, expected, next) {
        if (isEpochKey(key)) return replaceItem.call(storage, key, expected, next)
        return after(look(key), ({ raw, legacy, shown }) => {
          // What was shown in place of another stands for that one.
          const isStandIn = shown !== raw
          if (isStandIn && shown !== expected) return false
          const record = parseRecord(next, flawOf)
          const item = record === undefined ? next : marked(record, legacy)
          return after(replaceItem.call(storage, key, isStandIn ? (raw ?? null) : expected, item), (isReplaced) => {
            if (!isReplaced || record === undefined) return isReplaced
            return after(storage.setItem(legacyKey, write(record.tokens)), () => true)
          })
        })
      },
    }),
  }
}

const epochSuffix = '.epoch'
const epochKeyOf = (key: string): string => key + epochSuffix
const isEpochKey = (key: string): boolean => key.endsWith(epochSuffix)

const isAbsent = (item: unknown): boolean => item === null || item === undefined

/** The text that was set, where a storage gives the object that it was made from. */
function textOf(item: unknown): string | undefined {
  if (isAbsent(item)) return undefined
  return typeof item === 'string' ? item : JSON.stringify(item)
}

/** Whether a text is the item that a storage gives for it, whatever it makes of JSON. */
const isSame = (item: unknown, text: string): boolean => canonical(item) === canonical(text)

function canonical(item: unknown): unknown {
  try {
    return JSON.stringify(typeof item === 'string' ? JSON.parse(item) : item)
  } catch {
    return item
  }
}

const marked = (record: SessionRecord, superseded: unknown): string => JSON.stringify({ ...record, superseded })

function unmarked(record: Marked | undefined, raw: unknown): unknown {
  if (record?.superseded === undefined) return raw
  const { superseded: _, ...rest } = record
  return JSON.stringify(rest)
}

/** Goes on at once where there is nothing to wait for. */
function after<T, Result>(
  value: T | Promise<T>,
  goOn: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? value.then(goOn) : goOn(value)
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
