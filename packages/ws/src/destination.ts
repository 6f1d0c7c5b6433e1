import { resolveUrl } from '@reauth/core'

import { isToken } from './placement.ts'

/** Returns the URL of a socket, resolved as the page would. Throws a `SyntaxError` as the constructor of WebSocket does. */
export function socketUrl(input: string | URL): URL {
  let url: URL
  try {
    url = resolveUrl(input)
  } catch (error) {
    throw syntaxError((error as Error).message)
  }
  if (/^https?:$/.test(url.protocol)) url.protocol = url.protocol.replace('http', 'ws')
  if (!/^wss?:$/.test(url.protocol)) throw syntaxError(`A WebSocket has no scheme "${url.protocol}"; use wss:`)
  if (url.hash !== '' || url.href.endsWith('#')) throw syntaxError('The URL of a WebSocket has no fragment')
  return url
}

/** Returns the subprotocols as a list. Throws a `SyntaxError` for what is none, and for two that are the same. */
export function protocolList(protocols: string | readonly string[] = []): string[] {
  const list = typeof protocols === 'string' ? [protocols] : Array.from(protocols, String)
  const isSound = list.every(isToken) && new Set(list.map((name) => name.toLowerCase())).size === list.length
  if (!isSound) throw syntaxError('Subprotocols are names without spaces, each of them once')
  return list
}

const syntaxError = (message: string): DOMException => new DOMException(message, 'SyntaxError')
