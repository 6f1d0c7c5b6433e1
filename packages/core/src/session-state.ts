import type { Credential } from './credential.ts'
import type { AuthenticationError } from './errors.ts'
import type { RefreshReason } from './session-events.ts'
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

export type Active = TokenHolding & { readonly status: 'active'; readonly shown: SessionState }
export type Expired = TokenHolding & {
  readonly status: 'expired'
  readonly error: AuthenticationError
  readonly shown: SessionState
}

/** The whole of what a session holds; `shown` is what leaves it. */
export type Holding =
  | { readonly status: 'signed-out'; readonly epoch: number; readonly version: number; readonly shown: SessionState }
  | Active
  | Expired

/** Which token set an event is about. One that is no longer held makes the event void. */
export interface Stamp {
  readonly epoch: number
  readonly version: number
}

export type SessionEvent =
  | { type: 'signed-in'; tokens: TokenSet; identity: string | undefined; at: number }
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

export const initial: Holding = { status: 'signed-out', epoch: 0, version: 0, shown: { status: 'signed-out' } }

/** Moves what is held. Pure and total: an event that does not fit returns the same reference. */
export function transition(holding: Holding, event: SessionEvent): Holding {
  switch (event.type) {
    case 'signed-in': {
      const isSame = holding.status !== 'signed-out' && isIdentity(holding.credential.identity, event.identity)
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
    case 'expired': {
      if (!isOf(holding, event.from) || holding.status === 'expired') return holding
      const { epoch, version, credential } = holding
      const { error } = event
      const shown = { status: 'expired', epoch, version, ...identified(credential.identity), error } as const
      return { ...holding, status: 'expired', error, shown }
    }
    default:
      return event satisfies never
  }
}

/** Returns whether what is about one token set is about what is held. */
export function isOf(holding: Holding, { epoch, version }: Stamp): holding is Active | Expired {
  return holding.status !== 'signed-out' && holding.epoch === epoch && holding.version === version
}

function isIdentity(held: string | undefined, given: string | undefined): boolean {
  return held !== undefined && held === given
}

const identified = (identity: string | undefined): { identity?: string } => (identity === undefined ? {} : { identity })

function active(
  { type, tokens, identity, at }: Extract<SessionEvent, { tokens: TokenSet }>,
  epoch: number,
  version: number,
): Active {
  const { accessToken, tokenType = 'Bearer', expiresInMs } = tokens
  const lapse = expiresInMs === undefined ? tokens.expiresAt : at + expiresInMs
  // An issuer mints no dead tokens: one that looks dead on arrival is used until a server refuses it.
  const isMinted = type === 'refreshed' || expiresInMs !== undefined
  const expiresAt = isMinted && lapse !== undefined && lapse <= at ? undefined : lapse
  const shared = { epoch, version, ...identified(identity), ...(expiresAt !== undefined && { expiresAt }) }
  const credential = { ...shared, ...(accessToken !== undefined && { accessToken }), tokenType: schemeOf(tokenType) }
  const shown = { status: 'active', ...shared } as const
  return { status: 'active', epoch, version, tokens, receivedAt: at, credential, notes: {}, shown }
}

/** Some issuers and libraries lower-case the type, which is case-insensitive; servers that compare it are not. */
function schemeOf(tokenType: string): string {
  return { bearer: 'Bearer', dpop: 'DPoP' }[tokenType.toLowerCase()] ?? tokenType
}
