import {
  type AuthenticationError,
  authorizationOf,
  classifyResponse,
  type Credential,
  type CredentialSource,
  isReauthError,
  PermissionDeniedError,
  retryAfterMs,
  type Verdict,
} from '@reauth/core'

import { type Loss, provedMs } from './loss.ts'
import type { Transport } from './transport.ts'
import { type Classify, verdictOf } from './verdict.ts'

/** Why another try is worth it. */
export interface Prospect {
  /** `refused`: there is a newer credential; `unavailable`: later there may be one. */
  readonly why: 'lost' | 'unavailable' | 'refused'
  /** How long somebody asked to be left alone, in ms. */
  readonly waitMs?: number | undefined
  /** Whether the former credential was refused although it had just been taken. */
  readonly isEarly?: boolean
  readonly error?: unknown
}

export interface JudgeOptions {
  readonly source: CredentialSource
  readonly transport: Transport
  readonly classify?: Classify | undefined
  /** What else takes the credential, over HTTP, and tells what it thinks of it. */
  readonly probe?: URL | undefined
}

/** Knows what was tried already, and so what a loss may cost. */
export interface Judge {
  /**
   * Decides what follows, and renews the credential where that is it. Rejects with what ends it:
   * `AuthenticationError`, `PermissionDeniedError`, or what was misused.
   */
  judge(loss: Loss, signal: AbortSignal): Promise<Prospect>
  /** A connection has worked. */
  proved(): void
}

export function createJudge({ source, transport, classify, probe }: JudgeOptions): Judge {
  /** The version that came of a refusal: that one or a later one refused in its turn is the end. */
  let answered = Infinity
  /** How many handshakes in a row failed for no known reason. */
  let failures = 0

  function proved(): void {
    answered = Infinity
    failures = 0
  }

  /** Asks around where nobody can tell: once in a row of failures, since the answer will not change by itself. */
  async function suspected(credential: Credential | undefined, signal: AbortSignal): Promise<Verdict | undefined> {
    if (++failures !== 2 || credential === undefined) return undefined
    return probe === undefined ? 'refused' : probed(probe, credential, signal)
  }

  async function renew(refused: Credential, isEarly: boolean, signal: AbortSignal, final: boolean): Promise<Prospect> {
    answered = (await source.acquire({ refused, final, signal })).version
    return { why: 'refused', isEarly }
  }

  return {
    proved,
    async judge(loss, signal) {
      if (loss.isProved === true) proved()
      const { credential, cause, livedMs = 0 } = loss
      if (loss.isMisuse === true) throw cause
      if (cause !== undefined) return passing(cause)
      const told = verdictOf(loss, classify, transport.seesHandshake)
      const verdict = told ?? (await suspected(credential, signal))
      if (verdict === 'denied') throw new PermissionDeniedError('The server denies this connection')
      if (verdict !== 'refused') return { why: 'lost', waitMs: retryAfterMs(loss.headers?.get('retry-after') ?? null) }
      if (credential === undefined) {
        // Nobody is not let in. If somebody has signed in meanwhile, that is another matter.
        source.signal.throwIfAborted()
        return { why: 'lost' }
      }
      const isEarly = livedMs < provedMs && !hasLapsed(credential, livedMs)
      const isFinal = told !== undefined && isEarly && credential.version >= answered
      return renew(credential, isEarly, signal, isFinal).catch((error: unknown) => {
        // Nobody has said that it was refused: that there is no other one is no end.
        const isGuess = told === undefined && probe === undefined
        return passing(error, isGuess && (error as Partial<AuthenticationError>).reason === 'refused')
      })
    },
  }
}

/** Returns what to make of an error that may pass. Throws any other. */
function passing(error: unknown, isHarmless = false): Prospect {
  if (isHarmless || !isReauthError(error)) return { why: 'lost' }
  if (error.name !== 'RefreshError' || error.reason === 'disposed') throw error
  return { why: 'unavailable', waitMs: error.retryAfterMs, error }
}

/** Returns the close code for what ended it; undefined where that is neither a refusal nor a denial. */
export function closeCodeOf(error: unknown): number | undefined {
  return isReauthError(error) && error.name !== 'RefreshError' ? 4000 + error.code : undefined
}

/** Whether a credential has lapsed in the last so many ms: a connection that ended with it was not refused at once. */
function hasLapsed({ expiresAt = Infinity }: Credential, withinMs: number): boolean {
  const agoMs = Date.now() - expiresAt
  return agoMs >= 0 && agoMs < withinMs
}

/** Asks over HTTP what a handshake hides. */
async function probed(url: URL, credential: Credential, signal: AbortSignal): Promise<Verdict | undefined> {
  try {
    const authorization = authorizationOf(credential)
    const headers: HeadersInit = authorization === undefined ? {} : { authorization }
    const response = await fetch(url, {
      headers,
      credentials: 'include',
      cache: 'no-store',
      redirect: 'manual',
      signal,
    })
    response.body?.cancel().catch(() => {})
    return classifyResponse(response)
  } catch {
    return undefined
  }
}
