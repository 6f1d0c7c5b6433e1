import { RefreshError } from './errors.ts'
import { isNewer, parseRecord, type SessionRecord } from './session-record.ts'
import type { StoredHost } from './session-host.ts'
import { pause } from './sleep.ts'
import type { TokenStorage } from './storage.ts'

/** How long what another tab wrote may take to be seen here. */
const patienceMs = 2000
const stepMs = 50

/**
 * Returns a storage of one session over `localStorage`, which is not coherent: a tab that holds the lock may still read
 * what was there before the last holder wrote. A ledger that is coherent says what was written last, but for the tokens:
 * until the tokens have come after it, nothing that is read here counts.
 */
export function withLedger({ storage, name, platform, capMs }: StoredHost, ledger: TokenStorage): TokenStorage {
  let entry: unknown
  let item: unknown

  async function read(): Promise<unknown> {
    let record: SessionRecord | undefined
    try {
      entry = await ledger.getItem(name)
      record = parseRecord(entry)
    } catch {
      // Without it, as in some privacy modes, time is the next best.
      entry = undefined
      await pause(platform, stepMs)
    }
    for (let waitedMs = 0; ; waitedMs += stepMs) {
      item = storage.getItem(name)
      const found = parseRecord(item)
      // What nobody holds, and what is newer than the ledger since a sign-in was written first, is as it is.
      if (record === undefined || found === undefined || isNewer(found, record)) return item
      if (!isNewer(record, found)) return { ...found, fate: record.fate }
      if (waitedMs >= patienceMs) break
      // oxlint-disable-next-line no-await-in-loop
      await pause(platform, stepMs)
    }
    // What never came was lost with the browser: then what is here is all there is.
    if (platform.now() - record.receivedAt > capMs) return item
    throw new RefreshError('What another tab stored has not come through', { reason: 'unavailable' })
  }

  return {
    getItem: (key) => (key === name ? read() : storage.getItem(key)),
    setItem: (key, value) => storage.setItem(key, value),
    async removeItem(key) {
      storage.removeItem(key)
      await ledger.removeItem(key)
    },
    async replaceItem(key, _expected, next) {
      const former = entry
      const mark = JSON.stringify({ ...parseRecord(next), tokens: {} })
      if (former !== undefined) {
        if ((await ledger.replaceItem?.(key, former, mark)) === false) return false
        entry = mark
      }
      // No await from here: what was read is still there, and is replaced.
      if (storage.getItem(key) !== item) return false
      try {
        storage.setItem(key, next)
      } catch (error) {
        if (former === null) await ledger.removeItem(key)
        else if (former !== undefined) await ledger.setItem(key, former as string)
        throw error
      }
      return true
    },
  }
}
