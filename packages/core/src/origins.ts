/** Returns whether a credential may go to an absolute URL. */
export interface OriginMatcher {
  (url: string | URL): boolean
  /** What it matches, where that is a list: what can be sent to another thread. */
  readonly list?: readonly string[] | undefined
}

const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

/**
 * Returns the matcher for an `origins` option: exact origins, no prefixes. `wss:` counts as `https:`, `ws:` as `http:`.
 * A list is https only, loopback excepted; a function is taken at its word. Without the option it is the page's own
 * origin, and none outside of a page.
 *
 * Throws a `TypeError` for an entry that is no origin.
 */
export function originMatcher(origins?: readonly string[] | OriginMatcher): OriginMatcher {
  if (typeof origins === 'function') return origins
  // A page without an origin of its own says "null".
  const own = originOf(globalThis.location?.origin ?? '')
  const listed = origins?.map(checked) ?? (own !== undefined && isSecureUrl(own) ? [own] : [])
  const prefixes = listed.map((origin) => `${origin}/`)
  const matches = (url: string | URL): boolean => {
    // The authority ends at this slash, so whatever follows cannot lead elsewhere: no need to parse.
    if (typeof url === 'string') for (const prefix of prefixes) if (url.startsWith(prefix)) return true
    return listed.includes(originOf(url) ?? '')
  }
  return Object.assign(matches, { list: listed })
}

function checked(entry: string): string {
  const origin = originOf(entry)
  const isOrigin = origin !== undefined && `${origin}/` === new URL(entry).href.replace(/^ws/, 'http')
  if (isOrigin && !origin.includes('*') && isSecureUrl(origin)) return origin
  throw new TypeError(`origins: "${entry}" is no origin such as "https://api.example.com"; for http, pass a function`)
}

/** Returns whether tokens may travel to an absolute URL: https, or http within this machine. */
export function isSecureUrl(url: string | URL): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))
}

function originOf(url: string | URL): string | undefined {
  try {
    const { protocol, host } = new URL(url)
    // `origin` of a WebSocket's URL is its own; a credential for https is one for wss.
    return `${protocol.replace(/^ws/, 'http')}//${host}`
  } catch {
    return undefined
  }
}
