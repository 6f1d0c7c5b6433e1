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

type Rule = (value: unknown) => boolean

const isText: Rule = (value) => typeof value === 'string' && value !== ''
const isInstant: Rule = (value) => typeof value === 'number' && Number.isFinite(value)

const rules: { readonly [Member in keyof Required<TokenSet>]: Rule } = {
  accessToken: (value) => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
  refreshToken: isText,
  idToken: isText,
  // It becomes the scheme of a header, so it has to be a token of RFC 9110, section 5.6.2.
  tokenType: (value) => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value),
  scope: (value) => typeof value === 'string',
  expiresInMs: (value) => isInstant(value) && (value as number) >= 0,
  expiresAt: isInstant,
  identity: isText,
}

/** Returns what is wrong with a token set, naming the member and never its value; undefined if nothing is. */
export function flawOf(tokens: unknown): string | undefined {
  if (typeof tokens !== 'object' || tokens === null) return 'no token set'
  if ('access_token' in tokens) return 'an answer of an issuer as it came: pass it through parseTokenResponse()'
  const members = { accessToken: undefined, ...tokens } as Record<keyof TokenSet, unknown>
  for (const [member, isRight] of Object.entries(rules) as [keyof TokenSet, Rule][]) {
    const value = members[member]
    if (value === undefined ? member === 'accessToken' : !isRight(value)) {
      return `a token set whose ${member} is ${value === undefined ? 'missing' : 'not what it has to be'}`
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
    })
  }
  return tokens
}

function lifetimeMs(seconds: unknown): unknown {
  const isDecimal = typeof seconds === 'string' && /^\d+(\.\d+)?$/.test(seconds)
  return typeof seconds === 'number' || isDecimal ? Number(seconds) * 1000 : seconds
}
