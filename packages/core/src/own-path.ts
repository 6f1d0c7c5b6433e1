/** Why a value is refused: it leads to another origin, as it is or once decoded; or it is no path. */
export type PathRefusal = 'open-redirect' | 'malformed'

/** The path as it was given, or why it is none. */
export type OwnPath =
  | { readonly path: string; readonly reason?: undefined }
  | { readonly path?: undefined; readonly reason: PathRefusal }

/**
 * Checks that a value is a path within an origin, as `location.pathname + location.search + location.hash` is, and stays
 * one for whoever resolves it, decodes it once, or takes its normalized form for a path. What follows the first `?` or
 * `#` cannot lead elsewhere and may be anything but a backslash or a control character.
 *
 * In the path itself, `%` before a letter or digit has to begin UTF-8; before anything else it is just a `%`.
 *
 * Throws a `TypeError` for an origin that is none.
 */
export function ownPath(value: unknown, origin: string): OwnPath {
  const own = checkedOrigin(origin)
  if (typeof value !== 'string') return { reason: 'malformed' }
  const decoded = decodedPath(value)
  if (leaves(value, own) || leaves(decoded, own)) return { reason: 'open-redirect' }
  const isPath = value.startsWith('/') && !forbidden.test(value) && !forbidden.test(decoded)
  return isPath ? { path: value } : { reason: 'malformed' }
}

/** Returns an origin in its normal form. Throws a `TypeError` for what is none, as that of a file. */
export function checkedOrigin(origin: string): string {
  try {
    const url = new URL(origin)
    // A file's is opaque, whatever an engine says: Chromium's "file://" has no host.
    if (url.href === `${url.origin}/` && url.host !== '') return url.origin
  } catch {}
  throw new TypeError(`origin: "${origin}" is no origin such as "https://app.example.com"; pass the one of your pages`)
}

// A backslash is a slash to a browser; tabs and line ends it takes out before it looks.
const forbidden = /[\\\p{Cc}]/u

/** What is before the query, decoded once; something forbidden when it cannot be. */
function decodedPath(text: string): string {
  const [path = ''] = text.split(/[?#]/, 1)
  try {
    return decodeURIComponent(path.replace(/%(?![\da-z])/gi, '%25'))
  } catch {
    return '\0'
  }
}

function leaves(text: string, own: string): boolean {
  if (/^[/\\]{2}/.test(text)) return true
  try {
    const { origin, pathname } = new URL(text, own)
    // "/.//evil.test" is a path here; what the parser makes of it is a host to the next.
    return origin !== own || pathname.startsWith('//')
  } catch {
    return false
  }
}
