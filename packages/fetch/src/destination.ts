import type { CredentialSource } from '@reauth/core'

/**
 * Returns the absolute URL of a request, resolved as the page would. Throws a `TypeError` for a relative one where there
 * is no page.
 */
export function absoluteUrl(input: RequestInfo | URL): string {
  const url = typeof input === 'object' && 'url' in input ? input.url : String(input)
  const base =
    (globalThis.document as Document | undefined)?.baseURI ?? (globalThis.location as Location | undefined)?.href
  try {
    return new URL(url, base).href
  } catch (cause) {
    throw new TypeError(
      `"${url.split('?', 1)[0]}" is not an absolute URL, and there is no page to resolve it against`,
      {
        cause,
      },
    )
  }
}

/** Returns whether a credential may go where a request goes. */
export function isListed({ origins }: CredentialSource, input: RequestInfo | URL): boolean {
  // As it stands first: a string that begins with a listed origin is not parsed.
  return (typeof input === 'string' && origins(input)) || origins(absoluteUrl(input))
}

/** Tells once per origin that its 401 is not handled, and which line would change that. */
export function createUnlistedWarning({
  trace,
}: CredentialSource): (response: Response, input: RequestInfo | URL) => void {
  const told = new Set<string>()
  return ({ status }, input) => {
    if (status !== 401) return
    const { origin } = new URL(absoluteUrl(input))
    if (told.has(origin)) return
    told.add(origin)
    const reason = `a 401 came from an origin that is not listed; if it is an API of this session, add it: origins: ['${origin}']`
    if (trace === undefined) console.warn(`reauth: ${reason}`)
    else trace({ type: 'warning', level: 'warn', origin, reason })
  }
}
