import type { CredentialSource } from './credential.ts'

/** Returns an address as a URL, resolved as the page would. Throws a `TypeError` for a relative one without a page. */
export function resolveUrl(address: string | URL): URL {
  const { document, location } = globalThis
  const url = URL.parse(address, document?.baseURI ?? location?.href)
  if (url === null) throw new TypeError('Give an absolute URL: there is no page to resolve a relative one')
  return url
}

/** Returns a URL to which a session's credential may go. Throws a `TypeError`, with the line to add, for any other. */
export function checkListed({ origins }: CredentialSource, url: URL): URL {
  if (origins(url)) return url
  const origin = url.origin.replace(/^ws/, 'http')
  throw new TypeError(`"${url.origin}" is not listed; if it takes this session's tokens, add origins: ['${origin}']`)
}
