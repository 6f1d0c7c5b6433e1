/** What an answer said of the refresh token that it answers. */
type PresentationVerdict = 'spent' | 'rejected'

/** Watches how refresh tokens are presented, as the client that presents them could have known better. */
export interface Presentations {
  begin(refreshToken: string): void
  /** `verdict` is absent where the answer was none: lost, or not the issuer's word on the token. */
  end(refreshToken: string, verdict: PresentationVerdict | undefined): void
  /** What no client may do, one line each, without a token. */
  readonly misuse: readonly string[]
}

interface Presented {
  readonly number: number
  open: number
  verdict?: PresentationVerdict
}

/**
 * Returns a watch over the rule that a client can keep without luck: a refresh token is never presented twice at the
 * same time, never after an answer that spent it, and never again after a rejection. Unlike reuse detection it also
 * catches a client whom a grace window or an issuer without rotation has let off.
 */
export function createPresentations(): Presentations {
  const seen = new Map<string, Presented>()
  const misuse: string[] = []
  return {
    begin(refreshToken) {
      const presented = seen.get(refreshToken) ?? { number: seen.size + 1, open: 0 }
      seen.set(refreshToken, presented)
      const name = `Refresh token no. ${presented.number} was presented`
      if (presented.open > 0) misuse.push(`${name} while an earlier request with it was unanswered`)
      if (presented.verdict === 'spent') misuse.push(`${name} after the answer to it had arrived`)
      if (presented.verdict === 'rejected') misuse.push(`${name} again after it was rejected`)
      presented.open++
    },
    end(refreshToken, verdict) {
      const presented = seen.get(refreshToken)
      if (presented === undefined) return
      presented.open--
      if (verdict !== undefined) presented.verdict = verdict
    },
    misuse,
  }
}

/** Returns what an answer says of the token that was presented; undefined where it is no verdict of the issuer's. */
export async function verdictOf(answer: Response, rotates: boolean): Promise<PresentationVerdict | undefined> {
  const json = (await answer
    .clone()
    .json()
    .catch(() => undefined)) as { error?: unknown; access_token?: unknown; cookies?: unknown } | null | undefined
  if (json?.error === 'invalid_grant') return 'rejected'
  const hasTokens = answer.ok && (Boolean(json?.access_token) || json?.cookies === true)
  return hasTokens && rotates ? 'spent' : undefined
}
