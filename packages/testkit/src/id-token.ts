import { base64 } from './base64.ts'

/**
 * Returns an ID token that nobody signed (RFC 7519, section 6: `alg` is `none`). It tells a client whose the tokens
 * are and proves nothing: right in a test, where what verifies it is not what is tested.
 */
export function unsignedIdToken(claims: Record<string, unknown>): string {
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`
}

function encode(part: Record<string, unknown>): string {
  const text = base64(new TextEncoder().encode(JSON.stringify(part)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
