import type { Credential } from '@reauth/core'

/** Returns the value of the header (RFC 9110, section 11.6.2); undefined where the browser holds a cookie. */
export function authorizationOf({ tokenType, accessToken }: Credential): string | undefined {
  return accessToken === undefined ? undefined : `${tokenType} ${accessToken}`
}

const name = 'authorization'

const isName = (key: string): boolean => key.length === name.length && key.toLowerCase() === name

/** Headers that can be read more than once: a plain object as it came, which is fastest, or pairs. */
export type Readable = Record<string, string> | [string, string][]

/** Returns headers that can be read more than once; what iterates may not. */
export function readable(headers: HeadersInit = {}): Readable {
  return Symbol.iterator in headers ? Array.from(headers as Iterable<[string, string]>) : headers
}

/** Returns whether headers have an `Authorization` of their own. */
export function hasAuthorization(headers: Readable): boolean {
  return (Array.isArray(headers) ? headers.map(([key]) => key) : Object.keys(headers)).some(isName)
}

/** Returns headers with this `Authorization` and no other. */
export function withAuthorization(headers: Readable, value: string): Readable {
  if (Array.isArray(headers)) return [...headers.filter(([key]) => !isName(key)), [name, value]]
  return hasAuthorization(headers) ? withAuthorization(Object.entries(headers), value) : { ...headers, [name]: value }
}
