import { claimsOf } from './claims.ts'
import type { Credential } from './credential.ts'
import { type AuthenticationError, authenticationError } from './errors.ts'
import type { RefreshReason } from './session-events.ts'
import { isNewer, type Stamp, type Stored } from './session-record.ts'
import type { TokenSet } from './token-set.ts'

/** What a session shows. No token in it, so none in devtools. */
export type SessionState =
  | { readonly status: 'loading' }
  | { readonly status: 'signed-out' }
  | {
      readonly status: 'active'
      readonly epoch: number
      readonly version: number
      readonly identity?: string
      readonly expiresAt?: number
    }
  | {
      readonly status: 'expired'
      readonly epoch: number
      readonly version: number
      readonly identity?: string
      readonly error: AuthenticationError
    }

/** What was learned of one access token; gone with the next. */
export interface Notes {
  /** A server refused it. */
  readonly refused?: true
  /** Until then a refusal of this version costs no refresh (epoch ms). */
  readonly struckUntil?: number
}

interface TokenHolding {
  readonly epoch: number
  readonly version: number
  readonly tokens: TokenSet
  readonly receivedAt: number
  readonly credential: Credential
  readonly notes: Notes
}

export type Active = TokenHolding & {
  readonly status: 'active'
  readonly error?: undefined
  readonly shown: Extract<SessionState, { status: 'active' }>
}
export type Expired = TokenHolding & {
  readonly status: 'expired'
  readonly error: AuthenticationError
  readonly shown: SessionState
}

/** The whole of what a session holds; `shown` is what leaves it. */
export type Holding =
  | {
      readonly status: 'loading' | 'signed-out'
      readonly epoch: number
      readonly version: number
      readonly error?: undefined
      readonly shown: SessionState
    }
  | Active
  | Expired

export type SessionEvent =
  | { type: 'signed-in'; tokens: TokenSet; identity: string | undefined; at: number; isRestored?: true }
  | { type: 'signed-out' }
  | {
      type: 'refreshed'
      from: Stamp
      tokens: TokenSet
      identity: string | undefined
      at: number
      reason: RefreshReason
    }
  | { type: 'noted'; from: Stamp; notes: Notes }
  | { type: 'expired'; from: Stamp; error: AuthenticationError }
  | { type: 'adopted'; stored: Stored }
  | { type: 'rebased'; on: Stamp }

/** What leaves the session is shared by everybody who has it. */
const { freeze } = Object

/** What is held before the store has answered. */
export const loading: Holding = { status: 'loading', epoch: 0, version: 0, shown: freeze({ status: 'loading' }) }
/** What is held of nobody. */
export const initial: Holding = { status: 'signed-out', epoch: 0, version: 0, shown: freeze({ status: 'signed-out' }) }

/** Moves what is held. Pure and total: an event that does not fit returns the same reference. */
export function transition(holding: Holding, event: SessionEvent): Holding {
  switch (event.type) {
    case 'signed-in': {
      const isSame = isSignedIn(holding) && isIdentity(holding.credential.identity, event.identity)
      return active(event, isSame ? holding.epoch : holding.epoch + 1, holding.version + 1)
    }
    case 'signed-out':
      return holding.status === 'signed-out'
        ? holding
        : { ...initial, epoch: holding.epoch + 1, version: holding.version }
    case 'refreshed':
      return isOf(holding, event.from) ? active(event, holding.epoch, holding.version + 1) : holding
    case 'noted':
      return isOf(holding, event.from) ? { ...holding, notes: { ...holding.notes, ...event.notes } } : holding
    case 'expired':
      return isOf(holding, event.from) && holding.status === 'active' ? expired(holding, event.error) : holding
    case 'adopted': {
      const found = event.stored
      const isOther = isStranger(found, holding)
      const isTie = isOther && found.version === holding.version
      if (holding.status !== 'loading' && !isTie && !isNewer(found, holding)) return holding
      return stored(isOther ? { ...found, epoch: found.epoch + 1 } : found)
    }
    case 'rebased':
      return rebased(holding, { epoch: event.on.epoch + 1, version: Math.max(event.on.version, holding.version) + 1 })
  }
}

/** Returns whether there are tokens, working or not. */
export function isSignedIn(holding: Holding): holding is Active | Expired {
  return holding.status === 'active' || holding.status === 'expired'
}

/** Returns whether what is about one token set is about what is held. */
export function isOf(holding: Holding, { epoch, version }: Stamp): holding is Active | Expired {
  return isSignedIn(holding) && holding.epoch === epoch && holding.version === version
}

/** Returns whether what was found is of the same epoch, and of another sign-in: two signed in at once. */
export function isStranger({ epoch, version, record }: Stored, holding: Holding): boolean {
  if (record === undefined || !isSignedIn(holding) || epoch !== holding.epoch) return false
  const { identity } = holding.credential
  if (identity !== undefined && identity !== record.identity) return true
  return version === holding.version && record.tokens.refreshToken !== holding.tokens.refreshToken
}

function isIdentity(held: string | undefined, given: string | undefined): boolean {
  return held !== undefined && held === given
}

function active({ type, tokens, identity, at }: Arrival, epoch: number, version: number): Active {
  const { accessToken, tokenType = 'Bearer' } = tokens
  const lapse = lapseOf(tokens, at)
  // An issuer mints no dead tokens: one that looks dead on arrival is used until a server refuses it.
  const isMinted = type !== 'signed-in' || tokens.expiresInMs !== undefined
  const expiresAt = isMinted && lapse !== undefined && lapse <= at ? undefined : lapse
  const shared = {
    epoch,
    version,
    ...(identity !== undefined && { identity }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
  const credential = freeze({
    ...shared,
    ...(accessToken !== undefined && { accessToken }),
    tokenType: schemeOf(tokenType),
  })
  const shown = freeze({ status: 'active', ...shared } as const)
  return { status: 'active', epoch, version, tokens, receivedAt: at, credential, notes: {}, shown }
}

/** What brings tokens: an event, or what was stored. */
interface Arrival {
  readonly type: SessionEvent['type']
  readonly tokens: TokenSet
  readonly identity: string | undefined
  /** When they were received, in epoch ms. */
  readonly at: number
}

/** A lifetime is a duration from receipt; a JWT's own counts where nothing else tells, by its issuer's clock. */
function lapseOf({ accessToken, expiresInMs, expiresAt }: TokenSet, at: number): number | undefined {
  if (expiresInMs !== undefined) return at + expiresInMs
  if (expiresAt !== undefined) return expiresAt
  const { exp, iat } = claimsOf(accessToken)
  if (typeof exp !== 'number') return undefined
  return typeof iat === 'number' ? at + (exp - iat) * 1000 : exp * 1000
}

function expired(held: Active, error: AuthenticationError): Expired {
  const over = { status: 'expired', error } as const
  const { expiresAt: _expiresAt, ...shown } = held.shown
  return { ...held, ...over, shown: freeze({ ...shown, ...over }) }
}

function stored({ epoch, version, record }: Stored): Holding {
  if (record === undefined) return { ...initial, epoch, version }
  const { tokens, identity, receivedAt } = record
  const held = active({ type: 'adopted', tokens, identity, at: receivedAt }, epoch, version)
  return record.expired === undefined ? held : expired(held, authenticationError(record.expired))
}

/** What a sign-in or a sign-out made before it saw the store, one step above what it finds there. */
function rebased(holding: Holding, stamp: Stamp): Holding {
  if (!isSignedIn(holding)) return { ...holding, ...stamp }
  const shown = freeze({ ...holding.shown, ...stamp })
  const credential = freeze({ ...holding.credential, ...stamp })
  return { ...holding, ...stamp, shown, credential } as Active | Expired
}

/** Some issuers and libraries lower-case the type, which is case-insensitive; servers that compare it are not. */
function schemeOf(tokenType: string): string {
  return { bearer: 'Bearer', dpop: 'DPoP' }[tokenType.toLowerCase()] ?? tokenType
}
