import type { Credential } from '@reauth/core'

/** Returns the value of the header (RFC 9110, section 11.6.2); undefined where the browser holds a cookie. */
export function authorizationOf({ tokenType, accessToken }: Credential): string | undefined {
  return accessToken === undefined ? undefined : `${tokenType} ${accessToken}`
}

const name = 'authorization'

const isName = (key: string): boolean => key.length === name.length && key.toLowerCase() === name

/** Returns whether headers have an `Authorization` of their own. */
export function hasAuthorization(headers: HeadersInit | undefined): boolean {
  if (headers === undefined) return false
  if (headers instanceof Headers) return headers.has(name)
  return (isPlain(headers) ? Object.keys(headers) : Array.from(headers, ([key]) => key)).some(isName)
}

/** Returns headers with this `Authorization` and no other. A plain object stays one: that is several times faster. */
export function withAuthorization(headers: HeadersInit | undefined, value: string): HeadersInit {
  if (headers === undefined || (isPlain(headers) && !hasAuthorization(headers))) return { ...headers, [name]: value }
  const copy = new Headers(headers)
  copy.set(name, value)
  return copy
}

function isPlain(headers: Iterable<readonly string[]> | object): headers is Record<string, string> {
  return !(Symbol.iterator in headers)
}
