import type { Credential } from './credential.ts'
import {
  AuthenticationError,
  authenticationError,
  type AuthenticationReason,
  isReauthError,
  PermissionDeniedError,
  RefreshError,
  type RefreshFailureReason,
} from './errors.ts'
import type { SessionState } from './session-state.ts'
import type { TokenSet } from './token-set.ts'
import type { AdapterTrace } from './trace.ts'

interface Types {
  string: string
  number: number
  boolean: boolean
}
type Entry = Parameters<AdapterTrace>[0]
type NameOf<Value> = [Value] extends [number | undefined] ? 'number' : 'string'
type Members = { readonly [member: string]: keyof Types }

/** What is left of a value: plain data, which every port can carry. */
export type Taken<Listed extends Members> = { readonly [Member in keyof Listed]?: Types[Listed[Member]] }

type Owned = {
  readonly epoch: 'number'
  readonly version: 'number'
  readonly identity: 'string'
  readonly expiresAt: 'number'
}
const owned: Owned = { epoch: 'number', version: 'number', identity: 'string', expiresAt: 'number' }

/** What may cross, by the thing that it belongs to. */
export const members: {
  readonly credential: Owned & { readonly accessToken: 'string'; readonly tokenType: 'string' }
  readonly state: Owned & { readonly status: 'string' }
  readonly event: Owned & { readonly reason: 'string'; readonly origin: 'string' }
  readonly error: {
    readonly name: 'string'
    readonly message: 'string'
    readonly reason: 'string'
    readonly retryAfterMs: 'number'
    readonly sent: 'boolean'
  }
  readonly tokens: { readonly [Member in keyof Required<TokenSet>]: NameOf<TokenSet[Member]> }
  readonly entry: { readonly [Member in keyof Required<Entry>]: NameOf<Entry[Member]> }
} = {
  credential: { ...owned, accessToken: 'string', tokenType: 'string' },
  state: { ...owned, status: 'string' },
  event: { ...owned, reason: 'string', origin: 'string' },
  error: { name: 'string', message: 'string', reason: 'string', retryAfterMs: 'number', sent: 'boolean' },
  tokens: {
    accessToken: 'string',
    refreshToken: 'string',
    idToken: 'string',
    tokenType: 'string',
    scope: 'string',
    identity: 'string',
    expiresInMs: 'number',
    expiresAt: 'number',
  },
  entry: {
    type: 'string',
    level: 'string',
    id: 'string',
    epoch: 'number',
    version: 'number',
    reason: 'string',
    issuer: 'string',
    origin: 'string',
    ms: 'number',
  },
}

/**
 * Takes what is listed, where it has the right type, and nothing else: no token leaves that is not meant to, and nothing
 * that comes is other than it seems.
 */
export function taken<Listed extends Members>(value: unknown, listed: Listed): Taken<Listed> {
  const given = (typeof value === 'object' && value !== null ? value : {}) as { readonly [member: string]: unknown }
  const right = Object.entries(listed)
    .map(([member, type]) => [member, given[member], type] as const)
    // oxlint-disable-next-line valid-typeof
    .filter(([, part, type]) => typeof part === type)
  return Object.fromEntries(right) as Taken<Listed>
}

/** Returns the credential in what came; undefined if it is none. */
export function credentialIn(data: unknown): Credential | undefined {
  const { epoch, version, tokenType, ...rest } = taken(data, members.credential)
  if (epoch === undefined || version === undefined || tokenType === undefined) return undefined
  return { epoch, version, tokenType, ...rest }
}

export type ErrorData = Taken<typeof members.error>

/** Returns what of an error may cross: of one that is not ours nothing, since nobody knows what it says. */
export function dataOfError(failure: unknown): ErrorData {
  return isReauthError(failure) ? taken(failure, members.error) : {}
}

/** Returns the error in what came, as one of this end's classes. */
export function errorIn(data: unknown): AuthenticationError | PermissionDeniedError | RefreshError {
  const { name, message = '', reason, ...rest } = taken(data, members.error)
  if (name === 'PermissionDeniedError') return new PermissionDeniedError(message)
  if (reason === undefined) {
    return new RefreshError('It failed where the session lives, for a reason that is told there', {
      reason: 'unavailable',
    })
  }
  if (name === 'AuthenticationError')
    return new AuthenticationError(message, { reason: reason as AuthenticationReason })
  const { retryAfterMs, sent } = rest
  return new RefreshError(message, {
    reason: reason as RefreshFailureReason,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(sent !== undefined && { sent }),
  })
}

/** Returns the AuthenticationError in what came; one of reason `expired` if there is none. */
export function endIn(data: unknown): AuthenticationError {
  const end = errorIn(data)
  return end instanceof AuthenticationError ? end : authenticationError('expired')
}

export type StateData = Taken<typeof members.state> & { readonly error?: ErrorData }

export function dataOfState(state: SessionState): StateData {
  return { ...taken(state, members.state), ...(state.status === 'expired' && { error: dataOfError(state.error) }) }
}

/** Returns the state in what came; undefined if it is none. */
export function stateIn(data: unknown): SessionState | undefined {
  const { status, epoch, version, identity, expiresAt } = taken(data, members.state)
  if (status === 'loading' || status === 'signed-out') return { status }
  if (epoch === undefined || version === undefined) return undefined
  const shared = { epoch, version, ...(identity !== undefined && { identity }) }
  if (status === 'active') return { status, ...shared, ...(expiresAt !== undefined && { expiresAt }) }
  return status === 'expired' ? { status, ...shared, error: endIn((data as StateData).error) } : undefined
}

export type EventData = Taken<typeof members.event> & { readonly error?: ErrorData; readonly cause?: ErrorData }

/** Returns what of an event may cross. */
export function dataOfEvent(event: { readonly error?: unknown; readonly cause?: unknown }): EventData {
  return {
    ...taken(event, members.event),
    ...('error' in event && { error: dataOfError(event.error) }),
    ...('cause' in event && { cause: dataOfError(event.cause) }),
  }
}

/** Returns the event in what came. */
export function eventIn(data: unknown): object {
  const { error: failure, cause } = (typeof data === 'object' && data !== null ? data : {}) as EventData
  return {
    ...taken(data, members.event),
    ...(failure !== undefined && { error: errorIn(failure) }),
    ...(cause !== undefined && { cause: errorIn(cause) }),
  }
}
