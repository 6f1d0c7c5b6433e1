import { checkListed, type Credential, type CredentialSource, type Live, whenAborted } from '@reauth/core'

import { liveCredential } from './credential.ts'
import { protocolList, socketUrl } from './destination.ts'
import { type Line, openLine } from './line.ts'
import type { Loss } from './loss.ts'
import type { Placed, Placement } from './placement.ts'
import type { Handshake, Transport } from './transport.ts'
import { over } from './timer.ts'

/** What every connection of a socket is made from. */
export interface DialOptions {
  readonly source: CredentialSource
  readonly transport: Transport
  readonly placement: Placement
  readonly isAnonymous: boolean
  /** Checked already, unless it is given anew each time; so are the protocols. */
  readonly url: URL | (() => string | URL | Promise<string | URL>)
  readonly protocols: readonly string[] | (() => string | readonly string[] | Promise<string | readonly string[]>)
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
  let live: Partial<Live>
  try {
    live = await liveCredential(options.source, options.isAnonymous, signal)
  } catch (cause) {
    return { isOpened: false, cause }
  }
  const { credential, ends } = live
  const attempting = new AbortController()
  const giveUp = (): void => {
    attempting.abort(over)
  }
  const timer = setTimeout(giveUp, patienceMs)
  signal.addEventListener('abort', giveUp)
  const stop = ends && whenAborted(ends, giveUp)
  if (signal.aborted) giveUp()
  const result = await attempt(options, credential, attempting.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  stop?.()
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
  readonly url: string | URL | undefined
  readonly protocols: string | readonly string[] | undefined
  readonly placed: Placed
}

/** What is given anew for each connection. */
async function suppliesOf(
  { url, protocols, placement }: DialOptions,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Supplies> {
  return {
    url: typeof url === 'function' ? await url() : undefined,
    protocols: typeof protocols === 'function' ? await protocols() : undefined,
    placed: (credential && (await placement.handshake?.(credential, signal))) ?? {},
  }
}

function handshakeOf(options: DialOptions, { url: given, protocols, placed }: Supplies): Handshake {
  const { source, headers, binaryType } = options
  // The one is given where the other is a function.
  const url = given === undefined ? (options.url as URL) : socketUrl(given)
  if (given !== undefined) checkListed(source, url)
  const own = protocols === undefined ? (options.protocols as readonly string[]) : protocolList(protocols)
  return {
    url: withParameters(url, placed.parameters),
    protocols: [...own, ...(placed.protocols ?? [])],
    headers: { ...headers, ...placed.headers },
    binaryType: binaryType(),
  }
}

function withParameters(url: URL, parameters: Placed['parameters']): string {
  if (parameters === undefined) return url.href
  const extended = new URL(url)
  for (const [name, value] of Object.entries(parameters)) extended.searchParams.set(name, value)
  return extended.href
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
