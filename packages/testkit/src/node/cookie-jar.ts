/** A `fetch` that keeps cookies, as a browser's does and Node's does not. */
export interface CookieJar {
  readonly fetch: typeof globalThis.fetch
  /** What is in the jar for an origin, by name. */
  cookies(origin: string): ReadonlyMap<string, string>
}

/**
 * Returns an empty jar around a `fetch`. Like a page, it sends and stores cookies for its own origin unless a request
 * says `credentials: 'omit'`, and for others only where one says `'include'`. Of a cookie's attributes it heeds a
 * `Max-Age` of 0 and no other. In a browser use the browser: there no script may set the header `Cookie`.
 */
export function createCookieJar(fetch: typeof globalThis.fetch, page: { origin: string }): CookieJar {
  const jar = new Map<string, Map<string, string>>()

  const cookiesOf = (origin: string): Map<string, string> => {
    const cookies = jar.get(origin) ?? new Map<string, string>()
    jar.set(origin, cookies)
    return cookies
  }

  return {
    cookies: cookiesOf,
    async fetch(input, init) {
      const request = new Request(input, init)
      const { origin } = new URL(request.url)
      const { credentials } = request
      const isOn = credentials === 'include' || (credentials === 'same-origin' && origin === page.origin)
      if (!isOn) return fetch(request)
      const cookies = cookiesOf(origin)
      const header = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      if (header !== '') request.headers.set('cookie', header)
      const response = await fetch(request)
      for (const line of response.headers.getSetCookie()) keep(cookies, line)
      return response
    },
  }
}

function keep(cookies: Map<string, string>, line: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (/;\s*max-age=0(;|$)/i.test(line)) cookies.delete(name)
  else cookies.set(name, value)
}
