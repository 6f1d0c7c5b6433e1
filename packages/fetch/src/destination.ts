import type { CredentialSource } from '@reauth/core'

import { isRequest } from './body.ts'

/**
 * Returns the URL of a request, resolved as the page would. Throws a `TypeError` for a relative one where there is no
 * page.
 */
export function urlOf(input: RequestInfo | URL): URL {
  const url = isRequest(input) ? input.url : input
  const { document, location } = globalThis as Partial<typeof globalThis>
  try {
    return new URL(url, document?.baseURI ?? location?.href)
  } catch (cause) {
    throw new TypeError(`Not an absolute URL, and no page to resolve it: ${String(url).split('?', 1)[0]}`, {
      cause,
    })
  }
}

/** Returns whether a credential may go where a request goes. */
export function isListed({ origins }: CredentialSource, input: RequestInfo | URL): boolean {
  // As it stands first: a string that begins with a listed origin is not parsed.
  return (typeof input === 'string' && origins(input)) || origins(urlOf(input))
}

/** Tells once per origin that its 401 is not handled, and which line would change that. */
export function createUnlistedWarning({ trace }: CredentialSource): (status: number, input: RequestInfo | URL) => void {
  const told = new Set<string>()
  return (status, input) => {
    if (status !== 401) return
    const { origin } = urlOf(input)
    if (told.has(origin)) return
    told.add(origin)
    const reason = `401 from an unlisted origin; if it takes this session's tokens, add origins: ['${origin}']`
    if (trace === undefined) console.warn(`reauth: ${reason}`)
    else trace({ type: 'warning', level: 'warn', origin, reason })
  }
}
