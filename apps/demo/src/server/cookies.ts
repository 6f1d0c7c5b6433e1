import type { IncomingMessage } from 'node:http'

/** Returns a cookie of a request. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of headers.cookie?.split('; ') ?? [])
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1)
  return undefined
}

/** Returns a `Set-Cookie` that no script can read; an empty value drops it. */
export function setCookie(
  name: string,
  value: string,
  { path = '/', sameSite = 'Strict', maxAge }: { path?: string; sameSite?: 'Strict' | 'Lax'; maxAge?: number } = {},
): string {
  const age = value === '' ? 0 : maxAge
  return `${name}=${value}; Path=${path}; HttpOnly; SameSite=${sameSite}${age === undefined ? '' : `; Max-Age=${age}`}`
}
