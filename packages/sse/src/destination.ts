import type { CredentialSource } from '@reauth/core'

/**
 * Returns the URL of a stream, resolved as the page would. Throws a `TypeError` for one that the credential may not go to,
 * and for a relative one where there is no page.
 */
export function destinationOf({ origins }: CredentialSource, address: string | URL): URL {
  const { document, location } = globalThis as Partial<typeof globalThis>
  const url = URL.parse(address, document?.baseURI ?? location?.href)
  if (url === null) throw new TypeError('Give an absolute URL: there is no page to resolve a relative one')
  if (origins(url)) return url
  throw new TypeError(
    `This session's tokens may not go to ${url.origin}; if they are for it, add origins: ['${url.origin}']`,
  )
}
