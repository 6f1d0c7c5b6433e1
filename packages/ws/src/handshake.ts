import { checkListed, type Credential, type CredentialSource } from '@reauth/core'

import { protocolList, socketUrl } from './destination.ts'
import type { Placed, Placement } from './placement.ts'
import type { Handshake } from './transport.ts'

/** Something, or what gives it anew for each connection. */
export type Supplied<T> = T | (() => T | Promise<T>)

/** What a handshake is made from. */
export interface HandshakeOptions {
  readonly source: CredentialSource
  readonly placement: Placement
  readonly url: Supplied<string | URL>
  readonly protocols?: Supplied<string | readonly string[]> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

interface Supplies {
  readonly url: string | URL
  readonly protocols: string | readonly string[]
  readonly placed: Placed
}

/** Asks for what is given anew for each connection. What it rejects with may be the network's doing. */
export async function supply(
  { url, protocols = [], placement }: HandshakeOptions,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Supplies> {
  return {
    url: typeof url === 'function' ? await url() : url,
    protocols: typeof protocols === 'function' ? await protocols() : protocols,
    placed: (credential && (await placement.handshake?.(credential, signal))) ?? {},
  }
}

/** Returns what goes into a handshake. What it throws would be thrown at the next try, too. */
export function handshakeOf({ source, headers }: HandshakeOptions, { url, protocols, placed }: Supplies): Handshake {
  const address = checkListed(source, socketUrl(url))
  for (const [name, value] of Object.entries(placed.parameters ?? {})) address.searchParams.set(name, value)
  return {
    url: address.href,
    protocols: protocolList([protocols, placed.protocols ?? []].flat()),
    headers: { ...headers, ...placed.headers },
  }
}
