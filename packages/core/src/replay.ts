import type { AcquireOptions, Credential, CredentialSource } from './credential.ts'
import { resolveUrl } from './destination.ts'
import { acquireLive, type Live } from './live.ts'

/** How a request is sent, and what its answer says. */
export interface Sending<Answer> {
  /** Where it goes, for the trace. */
  readonly address: string | URL
  readonly asked: AcquireOptions | undefined
  /** Whether its body could be sent only once. */
  readonly isSpent: boolean
  send(live: Live): Promise<Answer>
  isRefused(answer: Answer): boolean
  /** Lets go of an answer that nobody will read. */
  drop(answer: Answer): void
}

/**
 * Sends a request again whose answer was a refusal, with a newer credential, and returns the second answer. Where it
 * cannot be sent again, that one is all there is. Rejects as `acquire` does, with the reason `refused` where the second
 * answer is a refusal, too: no request is sent a third time.
 */
export async function replay<Answer>(
  source: CredentialSource,
  refused: Credential,
  first: Answer,
  { address, asked, isSpent, send, isRefused, drop }: Sending<Answer>,
): Promise<Answer> {
  if (isSpent) {
    // The next request finds a newer one.
    source.acquire({ refused }).catch(() => {})
    return first
  }
  drop(first)
  const live = await acquireLive(source, { ...asked, refused })
  const { credential } = live
  source.trace?.({ type: 'replay', level: 'info', version: credential.version, origin: resolveUrl(address).origin })
  const answer = await send(live)
  if (isRefused(answer)) {
    drop(answer)
    await source.acquire({ refused: credential, final: true, signal: asked?.signal })
  }
  return answer
}

/** Returns whether a body can be sent only once: streams, and what undici reads as one. */
export function isOneWay(body: unknown): boolean {
  const object = Object(body) as object
  return 'getReader' in object || Symbol.asyncIterator in object
}
