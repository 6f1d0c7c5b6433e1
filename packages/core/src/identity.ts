import type { TokenSet } from './token-set.ts'

/**
 * Returns whose tokens they are: `tokens.identity`, else issuer and subject of the ID token, which came from the token
 * endpoint itself (OpenID Connect Core, section 3.1.3.7, 6). Undefined where neither tells.
 */
export function identityOf(tokens: TokenSet): string | undefined {
  if (tokens.identity !== undefined) return tokens.identity
  try {
    const payload = tokens.idToken?.split('.')[1] ?? ''
    const { iss, sub } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>
    // An issuer has no fragment, so that this is one to one.
    return typeof iss === 'string' && typeof sub === 'string' ? `${iss}#${sub}` : undefined
  } catch {
    return undefined
  }
}
