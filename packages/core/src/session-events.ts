import type { AuthenticationError, RefreshError } from './errors.ts'

/** Why a refresh happens: the credential is not fresh; a server refused it; somebody called `session.refresh()`. */
export type RefreshReason = 'stale' | 'refused' | 'asked'

/** What a session tells its listeners. */
export interface SessionEvents {
  'signed-in': { epoch: number; version: number; identity?: string }
  refreshed: { epoch: number; version: number; reason: RefreshReason }
  'refresh-failed': { error: RefreshError }
  expired: { error: AuthenticationError }
  'signed-out': { epoch: number }
  refused: { version: number; origin?: string }
}
