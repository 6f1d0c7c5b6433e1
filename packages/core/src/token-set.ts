import { RefreshError } from './errors.ts'

/** What an issuer gave: RFC 6749's answer in JavaScript's units. */
export interface TokenSet {
  /** One or more of 0x21–0x7E. Absent only where the browser holds a cookie. */
  accessToken?: string
  refreshToken?: string
  idToken?: string
  /** The scheme to send it with. @default 'Bearer' */
  tokenType?: string
  scope?: string
  /** The lifetime in ms, from receipt. Preferred to `expiresAt`: a wrong clock does it no harm. */
  expiresInMs?: number
  /** When it lapses, in epoch ms. */
  expiresAt?: number
  /** Whose it is, where the ID token does not tell. */
  identity?: string
}

const text = /./

/** The pattern of a text, the least of a number; the scheme of a header is a token of RFC 9110, section 5.6.2. */
const rules: { readonly [Member in keyof Required<TokenSet>]: RegExp | number } = {
  accessToken: /^[\x21-\x7e]+$/,
  refreshToken: text,
  idToken: text,
  tokenType: /^[\w!#$%&'*+.^`|~-]+$/,
  scope: /^/,
  expiresInMs: 0,
  expiresAt: -Infinity,
  identity: text,
}

function isRight(value: unknown, rule: RegExp | number): boolean {
  if (typeof rule === 'number') return Number.isFinite(value) && (value as number) >= rule
  return typeof value === 'string' && rule.test(value)
}

/** Returns what is wrong with a token set of one kind. */
export type FlawOf = (tokens: unknown) => string | undefined

/** Returns what is wrong with a token set, naming the member and never its value; undefined if nothing is. Beside a cookie there is no access token. */
export function flawOf(tokens: unknown, isCookie = false): string | undefined {
  const members = { ...(tokens as object | undefined) } as { readonly [member: string]: unknown }
  for (const [member, rule] of Object.entries(rules)) {
    const value = members[member]
    if (value === undefined ? member === 'accessToken' && !isCookie : !isRight(value, rule)) {
      return `a token set without a right ${member}${'access_token' in members ? '; pass an answer through parseTokenResponse()' : ''}`
    }
  }
  return undefined
}

/**
 * Returns the token set in the JSON of a token endpoint (RFC 6749, section 5.1). Members that are null count as absent;
 * a lifetime may be a decimal string.
 *
 * Throws `RefreshError` with reason `misconfigured` for anything else that is not as it has to be.
 */
export function parseTokenResponse(json: unknown): TokenSet {
  const answer = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  const given: Record<keyof TokenSet, unknown> = {
    accessToken: answer['access_token'],
    refreshToken: answer['refresh_token'],
    idToken: answer['id_token'],
    tokenType: answer['token_type'],
    scope: answer['scope'],
    expiresInMs: lifetimeMs(answer['expires_in']),
    expiresAt: undefined,
    identity: undefined,
  }
  const tokens = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null))
  const flaw = flawOf(tokens)
  if (flaw !== undefined) {
    throw new RefreshError(`The token endpoint answered with ${flaw} (RFC 6749, section 5.1)`, {
      reason: 'misconfigured',
      sent: true,
    })
  }
  return tokens
}

function lifetimeMs(seconds: unknown): unknown {
  const isDecimal = typeof seconds === 'string' && /^\d+(\.\d+)?$/.test(seconds)
  return typeof seconds === 'number' || isDecimal ? Number(seconds) * 1000 : seconds
}
