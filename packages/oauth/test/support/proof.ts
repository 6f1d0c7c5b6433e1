/** A proof of possession (RFC 9449, section 4.2), whose signature is right. */
export interface Proof {
  readonly header: { readonly alg: string; readonly typ: string; readonly jwk: JsonWebKey }
  readonly claims: Readonly<Record<string, unknown>>
}

/** Reads a proof and verifies it with the key that it names. Throws for a signature that is wrong. */
export async function proofIn(text: string | null): Promise<Proof> {
  const [head = '', payload = '', signature = ''] = (text ?? '').split('.')
  const header = JSON.parse(new TextDecoder().decode(bytes(head))) as Proof['header']
  const key = await crypto.subtle.importKey('jwk', header.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  const isRight = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    key,
    bytes(signature),
    new TextEncoder().encode(`${head}.${payload}`),
  )
  if (!isRight) throw new Error('The signature of the proof is wrong')
  return { header, claims: JSON.parse(new TextDecoder().decode(bytes(payload))) as Proof['claims'] }
}

/** Returns the hash of an access token as a proof has it (RFC 9449, section 4.1, `ath`). */
export async function hashOf(accessToken: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken)))
  const text = Array.from(hash, (byte) => String.fromCodePoint(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (character) => character.codePointAt(0) ?? 0)
}
