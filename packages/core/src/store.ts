import type { StoredHost } from './session-host.ts'
import { parseRecord, parseStamp, type SessionRecord, type Stamp, stampOf, type Stored } from './session-record.ts'
import { isPromise, patienceMs, patiently } from './patiently.ts'

/** The session as its store sees it. */
export type StoreHost = Pick<StoredHost, 'storage' | 'name' | 'platform' | 'flawOf' | 'trace'>

/** A session's place in a storage: its record under its name, and the last sign-out under a key of its own. */
export interface Store {
  /** Returns what is there, at once where the storage does. */
  read(): Stored | Promise<Stored>
  /** Puts a record in the place of what was read; false where somebody else was faster. */
  replace(found: Stored, record: SessionRecord): Promise<boolean>
  /** Starts to write that everything below an epoch is over. No refresh writes this. */
  markSignedOut(stamp: Stamp): Promise<void>
  /** For how long somebody who has read may still write over what came since, in ms. */
  readonly graceMs: number
  /** Removes the tokens of a session that was signed out. */
  remove(): Promise<void>
}

export function createStore({ storage, name, platform, flawOf, trace }: StoreHost): Store {
  const epochKey = `${name}.epoch`

  function parse([mark, item]: readonly unknown[]): Stored {
    const raw = item ?? null
    const stamp = parseStamp(mark)
    const record = parseRecord(raw, flawOf)
    if (record === undefined && raw !== null) trace?.({ type: 'warning', level: 'warn', reason: 'record' })
    // What was written beside a sign-out reads as absent: a sign-in after it has a higher epoch.
    if (record !== undefined && record.epoch > stamp.epoch) return { ...stampOf(record), raw, record }
    return { ...stamp, version: Math.max(stamp.version, record?.version ?? 0), raw, isLeftOver: record !== undefined }
  }

  return {
    graceMs: storage.replaceItem === undefined ? patienceMs : 0,
    read() {
      const found = [storage.getItem(epochKey), storage.getItem(name)]
      return found.some(isPromise) ? patiently(platform, Promise.all(found)).then(parse) : parse(found)
    },
    async replace({ raw }, record) {
      const next = JSON.stringify(record)
      if (storage.replaceItem !== undefined) return patiently(platform, storage.replaceItem(name, raw, next))
      const since = platform.now()
      const current = storage.getItem(name)
      // No await where there is none to wait for: that is what makes this one step.
      const there = (isPromise(current) ? await patiently(platform, current) : current) ?? null
      // What was read before a sleep says nothing.
      if (platform.now() - since > patienceMs) return false
      if (JSON.stringify(there) !== JSON.stringify(raw)) return false
      await patiently(platform, storage.setItem(name, next))
      return true
    },
    async markSignedOut({ epoch, version }) {
      await patiently(platform, storage.setItem(epochKey, `${epoch}:${version}`))
    },
    async remove() {
      await patiently(platform, storage.removeItem(name))
    },
  }
}
