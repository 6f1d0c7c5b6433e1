export {
  type Challenge,
  classifyResponse,
  parseChallenges,
  parseStepUp,
  type StepUp,
  type Verdict,
} from './challenges.ts'
export type { AcquireOptions, Credential, CredentialSource, HoldOptions } from './credential.ts'
export { authorizationOf } from './authorization.ts'
export { checkListed, resolveUrl } from './destination.ts'
export { type Disposer, disposer } from './disposer.ts'
export {
  AuthenticationError,
  type AuthenticationReason,
  isReauthError,
  PermissionDeniedError,
  RefreshError,
  type RefreshErrorOptions,
  type RefreshFailureReason,
} from './errors.ts'
export { backoff, type BackoffOptions } from './backoff.ts'
export { claimsOf } from './claims.ts'
export {
  type CookieGrant,
  type CookieSession,
  type CookieSessionOptions,
  createCookieSession,
} from './cookie-session.ts'
export { createExternalSession, type ExternalSessionOptions } from './external-session.ts'
export { createSessions, type Sessions } from './create-sessions.ts'
export { indexedDbStorage, type IndexedDbStorageOptions } from './indexed-db-storage.ts'
export { migratingStorage, type MigrationOptions } from './migrating-storage.ts'
export { createKeyedLock, type KeyedLock } from './keyed-lock.ts'
export { acquireFirst, acquireLive, type Live, untilChanged, whenChanged } from './live.ts'
export { memoryStorage } from './memory-storage.ts'
export { isSecureUrl, type OriginMatcher } from './origins.ts'
export { type Channel, defaultPlatform, type PageEvents, type Platform } from './platform/platform.ts'
export { PollError, type PollOptions, pollUntil, type Probe, type ProbeResult } from './poll-until.ts'
export { isOneWay, replay, type Sending } from './replay.ts'
export { createSession, type Session } from './session.ts'
export type { RefreshReason, SessionEvents } from './session-events.ts'
export type { SessionOptions } from './session-options.ts'
export type { SessionState } from './session-state.ts'
export { sleep, timed } from './sleep.ts'
export { staticSource } from './static-source.ts'
export type { LockOptions, RequestLock, TokenStorage } from './storage.ts'
export type { Refresh, RefreshContext, RefreshOption, Strategy } from './strategies.ts'
export { askForTokens, readTokenAnswer, retryAfterMs, type TokenAnswer } from './token-endpoint.ts'
export { parseTokenResponse, type TokenSet } from './token-set.ts'
export { createUnlistedWarning } from './unlisted-warning.ts'
export { whenAborted } from './when-aborted.ts'
export { type AdapterTrace, type Trace, type TraceEntry, traceTo } from './trace.ts'
