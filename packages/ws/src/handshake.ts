import { checkListed, type Credential, type CredentialSource } from '@reauth/core'

import { protocolList, socketUrl } from './destination.ts'
import type { Placed, Placement } from './placement.ts'
import type { Handshake } from './transport.ts'

/** Something, or what gives it anew for each connection. */
export type Supplied<T> = T | (() => T | Promise<T>)

/** What a handshake is made from; what is given as a value was checked before. */
export interface HandshakeOptions {
  readonly source: CredentialSource
  readonly placement: Placement
  readonly url: URL | (() => string | URL | Promise<string | URL>)
  readonly protocols: readonly string[] | (() => string | readonly string[] | Promise<string | readonly string[]>)
  readonly headers?: Readonly<Record<string, string>> | undefined
}

interface Supplies {
  readonly url?: string | URL | undefined
  readonly protocols?: string | readonly string[] | undefined
  readonly placed: Placed
}

/** Asks for what is given anew for each connection. What it rejects with may be the network's doing. */
export async function supply(
  { url, protocols, placement }: HandshakeOptions,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Supplies> {
  return {
    url: typeof url === 'function' ? await url() : undefined,
    protocols: typeof protocols === 'function' ? await protocols() : undefined,
    placed: (credential && (await placement.handshake?.(credential, signal))) ?? {},
  }
}

/** Returns what goes into a handshake. What it throws would be thrown at the next try, too. */
export function handshakeOf(options: HandshakeOptions, { url, protocols, placed }: Supplies): Handshake {
  const { source, headers } = options
  let address = url === undefined ? (options.url as URL) : checkListed(source, socketUrl(url))
  if (placed.parameters !== undefined) {
    address = new URL(address)
    for (const [name, value] of Object.entries(placed.parameters)) address.searchParams.set(name, value)
  }
  const own = protocols === undefined ? (options.protocols as readonly string[]) : protocolList(protocols)
  return {
    url: address.href,
    protocols: placed.protocols === undefined ? own : protocolList([...own, ...placed.protocols]),
    headers: { ...headers, ...placed.headers },
  }
}
