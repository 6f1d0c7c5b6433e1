/** What an access token is worth at the resource. */
export type AccessTokenStatus = 'ok' | 'expired' | 'unknown' | 'revoked'

/** One pair of tokens, as the ledger issued it. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly identity: string
  /** When the access token lapses, in epoch ms. */
  readonly expiresAt: number
}

/**
 * What came of presenting a refresh token. `refreshed`: new tokens. `graced`: it was spent a moment ago and gets the
 * same successor again. `reused`: it was spent, so somebody has a copy, and its family is revoked. `rejected`: it was
 * never issued or is revoked.
 */
export type Redemption =
  | { readonly outcome: 'refreshed' | 'graced'; readonly issued: IssuedTokens }
  | { readonly outcome: 'reused' | 'rejected' }

/** The rules of a ledger. */
export interface TokenLedgerOptions {
  readonly now: () => number
  readonly accessTokenLifetimeMs: number
  readonly graceMs: number
  readonly rotate: boolean
  /** Goes into every token, so that two issuers never give the same one. */
  readonly host: string
}

/** Everything that descends from one sign-in. Reuse of any refresh token of it revokes all. */
interface Family {
  readonly identity: string
  revoked: boolean
}

interface AccessToken {
  readonly family: Family
  readonly expiresAt: number
  revoked: boolean
}

interface RefreshToken {
  readonly family: Family
  revoked: boolean
  spent?: { readonly at: number; readonly successor: IssuedTokens }
}

/** Every token ever issued, and what became of it: single use, rotation, reuse detection (RFC 9700, section 4.14.2). */
export interface TokenLedger {
  /** Starts a family: a sign-in. */
  start(identity: string): IssuedTokens
  /** Presents a refresh token. Nothing in it waits, so that two presentations cannot interleave. */
  redeem(refreshToken: string): Redemption
  check(accessToken: string): AccessTokenStatus
  identityOf(accessToken: string): string | undefined
  revokeAccessToken(accessToken: string | undefined): void
  revokeRefreshToken(refreshToken: string | undefined): void
  revokeFamily(refreshToken: string | undefined): void
  /** Returns whether a text holds a token that was issued here. */
  isIn(text: string): boolean
  /** How many families reuse detection has revoked. */
  readonly familiesRevoked: number
}

/** Returns an empty ledger. */
export function createTokenLedger({
  now,
  accessTokenLifetimeMs,
  graceMs,
  rotate,
  host,
}: TokenLedgerOptions): TokenLedger {
  const accessTokens = new Map<string, AccessToken>()
  const refreshTokens = new Map<string, RefreshToken>()
  let lastId = 0
  let familiesRevoked = 0

  function issue(family: Family, keptRefreshToken?: string): IssuedTokens {
    const id = ++lastId
    const expiresAt = now() + accessTokenLifetimeMs
    const accessToken = `access_${id}_of_${host}_`
    const refreshToken = keptRefreshToken ?? `refresh_${id}_of_${host}_`
    accessTokens.set(accessToken, { family, expiresAt, revoked: false })
    if (keptRefreshToken === undefined) refreshTokens.set(refreshToken, { family, revoked: false })
    return { accessToken, refreshToken, identity: family.identity, expiresAt }
  }

  function redeemSpent({ family }: RefreshToken, { at, successor }: NonNullable<RefreshToken['spent']>): Redemption {
    const next = refreshTokens.get(successor.refreshToken)
    const isPrevious = next?.spent === undefined && next?.revoked === false && !family.revoked
    if (isPrevious && now() - at < graceMs) return { outcome: 'graced', issued: successor }
    if (!family.revoked) familiesRevoked++
    family.revoked = true
    return { outcome: 'reused' }
  }

  return {
    start: (identity) => issue({ identity, revoked: false }),
    redeem(refreshToken) {
      const token = refreshTokens.get(refreshToken)
      if (token?.spent !== undefined) return redeemSpent(token, token.spent)
      if (token === undefined || token.revoked || token.family.revoked) return { outcome: 'rejected' }
      const issued = issue(token.family, rotate ? undefined : refreshToken)
      if (rotate) token.spent = { at: now(), successor: issued }
      return { outcome: 'refreshed', issued }
    },
    check(accessToken) {
      const token = accessTokens.get(accessToken)
      if (token === undefined) return 'unknown'
      if (token.revoked || token.family.revoked) return 'revoked'
      return now() < token.expiresAt ? 'ok' : 'expired'
    },
    identityOf: (accessToken) => accessTokens.get(accessToken)?.family.identity,
    revokeAccessToken(accessToken) {
      known(accessTokens, accessToken).revoked = true
    },
    revokeRefreshToken(refreshToken) {
      known(refreshTokens, refreshToken).revoked = true
    },
    revokeFamily(refreshToken) {
      known(refreshTokens, refreshToken).family.revoked = true
    },
    isIn(text) {
      const lookalikes = text.match(/(?:access|refresh)_\d+_of_[a-z0-9-]+_/g) ?? []
      return lookalikes.some((value) => accessTokens.has(value) || refreshTokens.has(value))
    },
    get familiesRevoked() {
      return familiesRevoked
    },
  }
}

function known<Token>(tokens: ReadonlyMap<string, Token>, value: string | undefined): Token {
  const token = value === undefined ? undefined : tokens.get(value)
  if (token === undefined)
    throw new TypeError('This issuer gave no such token: pass one that it gave, of the right kind')
  return token
}
