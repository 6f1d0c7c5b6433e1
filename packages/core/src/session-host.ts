import type { Fates } from './fates.ts'
import type { Platform } from './platform/platform.ts'
import type { Holding, SessionEvent } from './session-state.ts'
import type { Reporter } from './session-reporter.ts'
import type { TokenStorage } from './storage.ts'
import type { Strategy } from './strategies.ts'
import type { Tabs } from './tabs.ts'
import type { FlawOf, TokenSet } from './token-set.ts'

/** A session as its parts see it. */
export interface SessionHost extends Pick<Reporter, 'trace' | 'tell' | 'isHeard'> {
  readonly name: string
  readonly platform: Platform
  /** How long callers wait for a refresh. */
  readonly refreshTimeoutMs: number
  /** How long a refresh may take, in all. */
  readonly capMs: number
  readonly canPersist: boolean
  readonly strategies: readonly Required<Strategy>[]
  readonly fates: Fates
  readonly flawOf: FlawOf
  readonly identity: (tokens: TokenSet) => string | undefined
  readonly tabs: Tabs
  /** What is held now. */
  readonly holding: Holding
  /** The only way to move it. */
  dispatch(event: SessionEvent): void
  /** Aborted when the session is disposed, with the error of those who still wait. */
  readonly lifetime: AbortSignal
}

/** One that keeps its tokens somewhere else, too. */
export interface StoredHost extends SessionHost {
  readonly storage: TokenStorage
}

/** Returns the sign-in that brings tokens. */
export function arrivalOf(tokens: TokenSet, { identity, platform }: SessionHost): Arrival {
  return { type: 'signed-in', tokens: { ...tokens }, identity: identity(tokens), at: platform.now() }
}

type Arrival = Extract<SessionEvent, { type: 'signed-in' }>
