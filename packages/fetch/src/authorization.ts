import type { Credential } from '@reauth/core'

/** Returns the value of the header (RFC 9110, section 11.6.2); undefined where the browser holds a cookie. */
export function authorizationOf({ tokenType, accessToken }: Credential): string | undefined {
  return accessToken === undefined ? undefined : `${tokenType} ${accessToken}`
}

const name = 'authorization'

type Readable = Headers | Record<string, string>

/** Returns headers that can be read more than once; what iterates may not. A plain object stays one, which is fastest. */
export function readable(headers: HeadersInit = {}): Readable {
  return Symbol.iterator in headers && !(headers instanceof Headers) ? new Headers(headers) : headers
}

/** Returns whether headers have an `Authorization` of their own. */
export function hasAuthorization(headers: Readable): boolean {
  if (headers instanceof Headers) return headers.has(name)
  return Object.keys(headers).some((key) => key.length === name.length && key.toLowerCase() === name)
}

/** Returns headers with this `Authorization` added. */
export function withAuthorization(headers: Readable, value: string): Readable {
  if (!(headers instanceof Headers)) return { ...headers, [name]: value }
  const copy = new Headers(headers)
  copy.set(name, value)
  return copy
}
