import { type CredentialSource, createUnlistedWarning, resolveUrl } from '@reauth/core'

import { isRequest } from './body.ts'

/** Returns where a request goes, as it came. */
export function addressOf(input: RequestInfo | URL): string | URL {
  return isRequest(input) ? input.url : input
}

/** Returns whether a credential may go where a request goes. */
export function isListed({ origins }: CredentialSource, input: RequestInfo | URL): boolean {
  // An absolute string as it is: one that begins with a listed origin need not be parsed.
  const isAbsolute = typeof input === 'string' && (input.startsWith('https://') || input.startsWith('http://'))
  return origins(isAbsolute ? input : resolveUrl(addressOf(input)))
}

/** Tells once per origin that its 401 is not handled, and which line would change that. */
export function createRefusalWarning(source: CredentialSource): (status: number, input: RequestInfo | URL) => void {
  const warn = createUnlistedWarning(source)
  return (status, input) => {
    if (status === 401) warn('401', resolveUrl(addressOf(input)).origin)
  }
}
