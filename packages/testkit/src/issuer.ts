import type { Refresh, TokenSet } from '@reauth/core'

import type { Exchange } from './exchange.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { TokenResponse } from './token-endpoint.ts'
import type { AccessTokenStatus } from './token-ledger.ts'

/** How many requests the protected resource got, by what their sender got back. */
export interface ApiRequests {
  readonly total: number
  readonly ok: number
  /** 401. */
  readonly refused: number
  /** 403. */
  readonly denied: number
}

/** One sign-in, as the wire has it and as a session takes it. */
export interface SignIn {
  readonly response: TokenResponse
  readonly tokens: TokenSet
}

/** A strict authorization server in memory, with a protected resource beside it. */
export interface Issuer {
  readonly origin: string
  /**
   * Reaches everything, with the signature of `fetch`. At this origin: `POST /token` (form), `/refresh` (JSON) and
   * `/cookie/refresh` redeem a refresh token; `/cookie/sign-in?identity=` sets the cookies; `/api/…` is the protected
   * resource. Every other origin answers 401 with a challenge, to see who lets itself be tempted.
   */
  readonly fetch: typeof globalThis.fetch
  /** The protected resource by itself, whatever the URL: for a server of yours, or a handler of msw. */
  api(request: Request): Promise<Response>
  /** Refreshes at this issuer, for `createSession({ refresh })`. */
  readonly refresh: Refresh
  /** What goes wrong at the token endpoint. */
  readonly faults: FaultPlan
  /** What goes wrong at the protected resource. */
  readonly apiFaults: FaultPlan
  /** Returns the URL of a path at this origin. */
  url(path: string): string

  /** Signs somebody in, without a request. @default identity 'alice' */
  signIn(options?: { identity?: string }): SignIn
  /** Returns what an access token is worth now, for a server of yours that speaks no HTTP. */
  check(accessToken: string): AccessTokenStatus
  /** Voids one access token. This and the next two throw a `TypeError` for a token that is not from here. */
  revokeAccessToken(accessToken: string | undefined): void
  /** Voids one refresh token; access tokens live on until they lapse. */
  revokeRefreshToken(refreshToken: string | undefined): void
  /** Voids every token of the sign-in that a refresh token descends from. */
  revokeFamily(refreshToken: string | undefined): void

  /** Every request, in the order in which they arrived. */
  readonly exchanges: readonly Exchange[]
  /** How many requests reached for the token endpoint, those that a fault dropped included. */
  readonly tokenPosts: number
  /** How many of them got new tokens issued, whether or not the answer arrived. */
  readonly refreshes: number
  /** How many got the same successor again within the grace. */
  readonly graced: number
  /** How many presented a token that was never issued or is revoked. */
  readonly rejected: number
  /** How many presented a spent token. */
  readonly reuseDetected: number
  /** How many families that has revoked. */
  readonly familyRevoked: number
  readonly apiRequests: ApiRequests
  /**
   * What no client may do with refresh tokens, one line each, without a token: presented twice at once, after the answer
   * to it, or after its rejection. Stricter than `reuseDetected`.
   */
  readonly misuse: readonly string[]
  /** Where a token of this issuer appeared that had no business there: at another origin, or in a URL. No token. */
  readonly leaks: readonly string[]
  /** Returns whether a text holds an access or refresh token of this issuer. */
  isTokenIn(text: string): boolean
}
