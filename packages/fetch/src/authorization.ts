const name = 'authorization'

const isName = (key: string): boolean => key.length === name.length && key.toLowerCase() === name

/** Headers that can be read more than once: a plain object as it came, which is fastest, or pairs. */
export type Readable = Record<string, string> | [string, string][]

/** Returns headers that can be read more than once; what iterates may not. */
export function readable(headers: HeadersInit | undefined): Readable | undefined {
  if (headers === undefined || !(Symbol.iterator in headers)) return headers
  return Array.from(headers as Iterable<[string, string]>)
}

/** Returns whether headers have an `Authorization` of their own. */
export function hasAuthorization(headers: Readable | undefined): boolean {
  if (Array.isArray(headers)) return headers.some(([key]) => isName(key))
  for (const key in headers) if (isName(key)) return true
  return false
}

/** Returns headers with this `Authorization` and no other. */
export function withAuthorization(headers: Readable | undefined, value: string, isForeign: boolean): Readable {
  if (headers === undefined) return { authorization: value }
  if (!isForeign && !Array.isArray(headers)) return { ...headers, authorization: value }
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers)
  return [...pairs.filter(([key]) => !isName(key)), [name, value]]
}
