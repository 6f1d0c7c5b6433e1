import type { CredentialSource } from '@reauth/core'

import { isToken } from './placement.ts'

/** Returns the URL of a socket, resolved as the page would. Throws a `SyntaxError` as the constructor of WebSocket does. */
export function socketUrl(input: string | URL): URL {
  const { document, location } = globalThis as Partial<typeof globalThis>
  const url = URL.parse(input, document?.baseURI ?? location?.href)
  if (url === null) throw syntaxError('The URL of a WebSocket has to be absolute where there is no page')
  if (/^https?:$/.test(url.protocol)) url.protocol = url.protocol.replace('http', 'ws')
  if (!/^wss?:$/.test(url.protocol)) throw syntaxError(`A WebSocket has no scheme "${url.protocol}"; use wss:`)
  if (url.hash !== '' || url.href.endsWith('#')) throw syntaxError('The URL of a WebSocket has no fragment')
  return url
}

/** Throws a `TypeError` where no credential may go. */
export function checkListed({ origins }: CredentialSource, url: URL): void {
  if (origins(url)) return
  const origin = url.origin.replace(/^ws/, 'http')
  throw new TypeError(`"${url.origin}" is not listed; if it takes this session's tokens, add origins: ['${origin}']`)
}

/** Returns the subprotocols as a list. Throws a `SyntaxError` for what is none, and for two that are the same. */
export function protocolList(protocols: string | readonly string[] = []): string[] {
  const list = typeof protocols === 'string' ? [protocols] : Array.from(protocols, String)
  const isSound = list.every(isToken) && new Set(list.map((name) => name.toLowerCase())).size === list.length
  if (!isSound) throw syntaxError('Subprotocols are names without spaces, each of them once')
  return list
}

const syntaxError = (message: string): DOMException => new DOMException(message, 'SyntaxError')
