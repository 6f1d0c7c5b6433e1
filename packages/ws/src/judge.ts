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

/**
 * What follows from a loss. `again`: another try, not before a time; `renewed`: there is a newer credential, and whether
 * the former one was refused although it had just been taken;
 * `ended`: the session is over; `refused` and `denied`: no other try would help; `misused`: nor would it here.
 */
export type Sentence =
  | { readonly is: 'again'; readonly waitMs: number; readonly why: 'lost' | 'unavailable'; readonly error?: unknown }
  | { readonly is: 'renewed'; readonly isEarly: boolean }
  | { readonly is: 'ended'; readonly error: AuthenticationError | undefined }
  | { readonly is: 'refused' | 'denied' | 'misused'; readonly error: unknown }

export interface JudgeOptions {
  readonly source: CredentialSource
  readonly transport: Transport
  readonly classify?: Classify | undefined
  /** What else takes the credential, over HTTP, and tells what it thinks of it. */
  readonly probe?: URL | undefined
}

/** Knows what was tried already, and so what a loss may cost. */
export interface Judge {
  /** Decides what follows, and renews the credential where that is it. Never rejects. */
  judge(loss: Loss, signal: AbortSignal): Promise<Sentence>
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
  async function suspect(credential: Credential | undefined, signal: AbortSignal): Promise<Sentence> {
    if (++failures !== 2 || credential === undefined) return again()
    if (probe === undefined) return renew(credential, true, signal)
    const verdict = await probed(probe, credential, signal)
    return verdict === 'refused' ? renew(credential, true, signal) : sentenceOn(verdict)
  }

  async function renew(
    credential: Credential,
    isEarly: boolean,
    signal: AbortSignal,
    isFinal = false,
  ): Promise<Sentence> {
    try {
      const { version } = await source.acquire({ refused: credential, final: isFinal, signal })
      answered = version
      return { is: 'renewed', isEarly }
    } catch (error) {
      return sentenceOfError(error)
    }
  }

  return {
    proved,
    async judge(loss, signal) {
      if (loss.isProved === true) proved()
      const { credential, cause, headers } = loss
      if (loss.isMisuse === true) return { is: 'misused', error: cause }
      if (cause !== undefined) return sentenceOfError(cause)
      const verdict = verdictOf(loss, classify, transport.seesHandshake)
      if (verdict === undefined) return suspect(credential, signal)
      if (verdict !== 'refused') return sentenceOn(verdict, retryAfterMs(headers?.get('retry-after') ?? null))
      if (credential === undefined) return { is: 'ended', error: undefined }
      const { livedMs = 0 } = loss
      const isEarly = livedMs < provedMs && !hasLapsed(credential, livedMs)
      return renew(credential, isEarly, signal, isEarly && credential.version >= answered)
    },
  }
}

const again = (waitMs = 0, why: 'lost' | 'unavailable' = 'lost', error?: unknown): Sentence => ({
  is: 'again',
  waitMs,
  why,
  error,
})

function sentenceOn(verdict: Verdict | undefined, waitMs = 0): Sentence {
  if (verdict !== 'denied') return again(waitMs)
  return { is: 'denied', error: new PermissionDeniedError('The server denies this connection') }
}

function sentenceOfError(error: unknown): Sentence {
  if (!isReauthError(error)) return again()
  if (error.name === 'PermissionDeniedError') return { is: 'denied', error }
  if (error.name === 'AuthenticationError') {
    return error.reason === 'refused' ? { is: 'refused', error } : { is: 'ended', error }
  }
  return error.reason === 'disposed' ? { is: 'misused', error } : again(error.retryAfterMs, 'unavailable', error)
}

/** Whether a credential has lapsed in the last so many ms: a connection that ended with it was not refused at once. */
function hasLapsed({ expiresAt = Infinity }: Credential, withinMs: number): boolean {
  const now = Date.now()
  return expiresAt <= now && expiresAt > now - withinMs
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
