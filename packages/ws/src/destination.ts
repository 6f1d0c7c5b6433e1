/** Returns the URL of a socket, resolved as the page would. Throws a `SyntaxError` as the constructor of WebSocket does. */
export function socketUrl(input: string | URL): URL {
  const { document, location } = globalThis as Partial<typeof globalThis>
  const url = URL.parse(input, document?.baseURI ?? location?.href)
  if (url === null || !/^(ws|http)s?:$/.test(url.protocol) || url.href.includes('#')) {
    throw syntaxError('A WebSocket takes an absolute wss: or https: URL, without a fragment')
  }
  url.protocol = url.protocol.replace('http', 'ws')
  return url
}

/** Returns the subprotocols as a list. Throws a `SyntaxError` for what is none, and for two that are the same. */
export function protocolList(protocols: string | readonly string[] = []): string[] {
  const list = typeof protocols === 'string' ? [protocols] : Array.from(protocols, String)
  // A name is a token (RFC 9110, section 5.6.2).
  const isSound = list.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name))
  if (isSound && new Set(list.map((name) => name.toLowerCase())).size === list.length) return list
  throw syntaxError('A subprotocol has no space, "/" or "=", and is there once; encode what has')
}

const syntaxError = (message: string): DOMException => new DOMException(message, 'SyntaxError')
