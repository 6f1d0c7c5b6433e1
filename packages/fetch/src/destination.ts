import type { CredentialSource } from '@reauth/core'

import { isRequest } from './body.ts'

/**
 * Returns the URL of a request, resolved as the page would. Throws a `TypeError` for a relative one where there is no
 * page.
 */
export function urlOf(input: RequestInfo | URL): URL {
  const { document, location } = globalThis as Partial<typeof globalThis>
  const url = URL.parse(isRequest(input) ? input.url : input, document?.baseURI ?? location?.href)
  if (url === null) throw new TypeError('Give an absolute URL: there is no page to resolve a relative one')
  return url
}

/** Returns whether a credential may go where a request goes. */
export function isListed({ origins }: CredentialSource, input: RequestInfo | URL): boolean {
  // An absolute string as it is: one that begins with a listed origin need not be parsed.
  const isAbsolute = typeof input === 'string' && (input.startsWith('https://') || input.startsWith('http://'))
  return origins(isAbsolute ? input : urlOf(input))
}

/** Tells once per origin that its 401 is not handled, and which line would change that. */
export function createUnlistedWarning({
  trace = ({ reason }) => {
    console.warn('reauth:', reason)
  },
}: CredentialSource): (status: number, input: RequestInfo | URL) => void {
  const told = new Set<string>()
  return (status, input) => {
    if (status !== 401) return
    const { origin } = urlOf(input)
    if (told.has(origin)) return
    told.add(origin)
    trace({
      type: 'warning',
      level: 'warn',
      origin,
      reason: `401 from an unlisted origin; if it takes this session's tokens, add origins: ['${origin}']`,
    })
  }
}
