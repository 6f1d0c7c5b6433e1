import { parseTokenResponse, type Refresh, RefreshError, type TokenSet } from '@reauth/core'

/** What a refresh is made of. */
export interface IssuerRefreshOptions {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly url: string
  readonly now: () => number
}

/** Returns a `refresh` for a session: RFC 6749, section 6, with every outcome told apart. */
export function createIssuerRefresh({ fetch, url, now }: IssuerRefreshOptions): Refresh {
  return async ({ tokens, signal }) => {
    if (tokens.refreshToken === undefined) {
      throw new RefreshError('There is no refresh token; sign in again', { reason: 'rejected', sent: false })
    }
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refreshToken })
    const answer = await fetch(url, { method: 'POST', body, signal }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new RefreshError('No answer came from the token endpoint', { reason: 'lost', sent: true, cause })
    })
    return tokensOf(answer, now)
  }
}

async function tokensOf(answer: Response, now: () => number): Promise<TokenSet> {
  const json = (await answer.json().catch(() => undefined)) as { error?: unknown } | null | undefined
  if (answer.status === 429 || answer.status >= 500 || json === undefined) {
    const retryAfterMs = retryAfterOf(answer.headers.get('retry-after'), now())
    throw new RefreshError(`The token endpoint answered ${answer.status}; try later`, {
      reason: 'unavailable',
      retryAfterMs,
    })
  }
  if (json?.error === 'invalid_grant') {
    throw new RefreshError('The issuer rejected the refresh token', { reason: 'rejected' })
  }
  if (!answer.ok) {
    throw new RefreshError(`The token endpoint answered ${answer.status}: ${String(json?.error)}`, {
      reason: 'misconfigured',
    })
  }
  return parseTokenResponse(json)
}

/** Reads seconds or an HTTP-date (RFC 9110, section 10.2.3). */
function retryAfterOf(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
