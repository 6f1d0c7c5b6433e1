import { memoryStorage } from './memory-storage.ts'
import type { TokenStorage } from './storage.ts'

/**
 * Returns `sessionStorage`, which a tab keeps while it is at the issuer's pages; memory outside of a page (elsewhere it
 * would be one for all users of a server) and in a page that may store nothing.
 */
export function tabStorage(): TokenStorage {
  try {
    // Throws where the user blocks storage, in a sandboxed frame, and in a worker, which has none.
    if (typeof location !== 'undefined') return sessionStorage ?? memoryStorage()
  } catch {}
  return memoryStorage()
}
