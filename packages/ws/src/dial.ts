import type { Credential, CredentialSource } from '@reauth/core'

import { type Live, liveCredential } from './credential.ts'
import { checkListed, protocolList, socketUrl } from './destination.ts'
import { type Line, openLine } from './line.ts'
import type { Loss } from './loss.ts'
import type { Placed, Placement } from './placement.ts'
import type { Handshake, Transport } from './transport.ts'

/** Something, or what gives it anew for each connection. */
export type Supplied<T> = T | (() => T | Promise<T>)

/** What every connection of a socket is made from. */
export interface DialOptions {
  readonly source: CredentialSource
  readonly transport: Transport
  readonly placement: Placement
  readonly isAnonymous: boolean
  readonly url: Supplied<string | URL>
  readonly protocols?: Supplied<string | readonly string[]> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly binaryType: () => BinaryType
}

/** A connection whose credential was taken. */
export interface Connected {
  readonly line: Line
  /** Aborted when the period of the session is over that it belongs to. */
  readonly ends?: AbortSignal | undefined
}

/** How long a connection may take, from its credential to the acknowledgement of that. */
export const patienceMs = 10_000

/**
 * Makes a connection: a credential, the handshake, the first message. Never rejects; whoever aborts has to drop a line
 * that came all the same.
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Connected | Loss> {
  let live: Live
  try {
    live = await liveCredential(options.source, options.isAnonymous, signal)
  } catch (cause) {
    return { isOpened: false, cause }
  }
  const { credential, ends } = live
  const over = new AbortController()
  const giveUp = (): void => {
    over.abort(ends?.reason)
  }
  const timer = setTimeout(giveUp, patienceMs)
  signal.addEventListener('abort', giveUp)
  ends?.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  const result = await attempt(options, credential, over.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  ends?.removeEventListener('abort', giveUp)
  if (ends?.aborted !== true) return 'socket' in result ? { line: result, ends } : result
  if ('socket' in result) result.drop()
  return { isOpened: false, credential, cause: ends.reason }
}

async function attempt(
  options: DialOptions,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Line | Loss> {
  let supplies: Supplies | undefined
  try {
    supplies = await until(suppliesOf(options, credential, signal), signal)
    const line = await openLine(options.transport, handshakeOf(options, supplies), credential, signal)
    return 'socket' in line && credential !== undefined ? await introduced(line, options, credential, signal) : line
  } catch (cause) {
    // What a supplier throws may be the network's doing; what is checked here or by the platform stays wrong.
    return { isOpened: false, credential, cause, isMisuse: supplies !== undefined || cause instanceof DOMException }
  }
}

interface Supplies {
  readonly url: string | URL
  readonly protocols: string | readonly string[] | undefined
  readonly placed: Placed
}

async function suppliesOf(
  { url, protocols, placement }: DialOptions,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Supplies> {
  return {
    url: await (typeof url === 'function' ? url() : url),
    protocols: await (typeof protocols === 'function' ? protocols() : protocols),
    placed: (credential && (await placement.handshake?.(credential, signal))) ?? {},
  }
}

function handshakeOf(
  { source, headers, binaryType }: DialOptions,
  { url: given, protocols, placed }: Supplies,
): Handshake {
  const url = socketUrl(given)
  checkListed(source, url)
  for (const [name, value] of Object.entries(placed.parameters ?? {})) url.searchParams.set(name, value)
  return {
    url: url.href,
    protocols: [...protocolList(protocols), ...(placed.protocols ?? [])],
    headers: { ...headers, ...placed.headers },
    binaryType: binaryType(),
  }
}

/** Sends the first message, and waits until it is acknowledged. */
async function introduced(
  line: Line,
  { placement: { message, acknowledged } }: DialOptions,
  credential: Credential,
  signal: AbortSignal,
): Promise<Line | Loss> {
  if (message === undefined) return line
  line.send(message(credential))
  if (acknowledged === undefined) return line
  signal.addEventListener('abort', line.drop, { once: true })
  const isTaken = await line.expect(acknowledged)
  signal.removeEventListener('abort', line.drop)
  return isTaken ? line : new Promise((lost) => line.listen({ message() {}, lost }))
}

/** Ends a wait when the signal aborts. */
function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    promise.then(resolve, reject)
  })
}
