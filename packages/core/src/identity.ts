import { claimsOf } from './claims.ts'
import type { TokenSet } from './token-set.ts'

/**
 * Returns whose tokens they are: `tokens.identity`, else issuer and subject of the ID token, which came from the token
 * endpoint itself (OpenID Connect Core, section 3.1.3.7, 6). Undefined where neither tells.
 */
export function identityOf({ identity, idToken }: TokenSet): string | undefined {
  if (identity !== undefined) return identity
  const { iss, sub } = claimsOf(idToken)
  // An issuer has no fragment, so that this is one to one.
  return typeof iss === 'string' && typeof sub === 'string' ? `${iss}#${sub}` : undefined
}
