import type { AuthenticationError, RefreshError } from './errors.ts'

/** Why a refresh happens: the credential is not fresh; a server refused it; somebody called `session.refresh()`. */
export type RefreshReason = 'stale' | 'refused' | 'asked'

/** What a session tells its listeners. */
export interface SessionEvents {
  'signed-in': { epoch: number; version: number; identity?: string }
  refreshed: { epoch: number; version: number; reason: RefreshReason }
  'refresh-failed': { error: RefreshError }
  /** Comes once for each version, as long as somebody holds or listens, when the refresh ahead is due. */
  expiring: { expiresAt: number }
  expired: { error: AuthenticationError }
  'signed-out': { epoch: number }
  /** The storage failed, and the page goes on in memory; told once until it works again. */
  'persist-failed': { cause: unknown }
  refused: { version: number; origin?: string }
}
