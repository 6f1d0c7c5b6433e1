import { isReauthError, RefreshError } from './errors.ts'

/** Codes of failures that come before the first byte leaves, where the runtime tells (Node). */
const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/** What of an answer is looked at, so that core needs no `Response`. */
export interface TokenAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: { cancel(): Promise<void> } | null
  text(): Promise<string>
}

/**
 * Sends to a token endpoint, and says what became of it where no answer came: a `RefreshError` of reason `lost`, or
 * `unavailable` where it is plain that nothing was sent; errors of reauth stay as they are. `who` is the endpoint, as a message names it.
 */
export async function askForTokens<Answer>(who: string, send: () => Promise<Answer>): Promise<Answer> {
  if ((globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false) {
    throw new RefreshError('This machine is offline', { reason: 'unavailable', sent: false })
  }
  try {
    return await send()
  } catch (cause) {
    if (isReauthError(cause)) throw cause
    const code = (cause as { cause?: { code?: string } } | undefined)?.cause?.code
    throw code !== undefined && unsent.includes(code)
      ? new RefreshError(`${who} cannot be reached`, { reason: 'unavailable', sent: false, cause })
      : new RefreshError(`${who} gave no answer`, { reason: 'lost', cause })
  }
}

/** What is a verdict on what was presented: error codes (RFC 6749, section 5.2), and statuses whatever comes with them. */
type Verdicts = readonly (string | number)[]

/**
 * Returns the JSON of a good answer; undefined for a 204.
 *
 * Throws a `RefreshError`: `rejected` for a verdict; `unavailable` for 408, 425, 429, 5xx, a redirect, an error that
 * passes, and where something else has answered, as a captive portal does; `lost` where the answer broke off;
 * `misconfigured` for any other error. The code of an error is in its `cause`, as `{ code }`.
 */
export async function readTokenAnswer(
  who: string,
  answer: TokenAnswer,
  verdicts: Verdicts = ['invalid_grant'],
): Promise<unknown> {
  const { status, headers, body } = answer
  if (status === 204) return undefined
  const isVerdict = verdicts.includes(status)
  const isBusy = status === 408 || status === 425 || status === 429 || status >= 500
  if (isVerdict || isBusy || status < 200 || (status >= 300 && status < 400)) {
    body?.cancel().catch(() => {})
    throw new RefreshError(`${who} answered ${status || 'with a redirect'}`, {
      reason: isVerdict ? 'rejected' : 'unavailable',
      sent: true,
      retryAfterMs: retryAfterMs(headers.get('retry-after')),
    })
  }
  const text = await answer.text().catch((cause: unknown) => {
    throw new RefreshError(`The answer of ${who.toLowerCase()} broke off`, { reason: 'lost', sent: true, cause })
  })
  const json = parsed(who, text)
  if (status >= 400) throw tokenError(who, (Object(json) as { error?: unknown }).error, verdicts)
  return json
}

function parsed(who: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Its text is not the cause: it may be anybody's, a captive portal's say.
    throw new RefreshError(`Not ${who.toLowerCase()} answered: it was no JSON`, { reason: 'unavailable', sent: true })
  }
}

/** Codes that say nothing of what was sent (RFC 6749, section 4.1.2.1); some answer them at the token endpoint, too. */
const passing = ['temporarily_unavailable', 'server_error', 'slow_down']

/** Sorts an error code; one that is none is not repeated. */
function tokenError(who: string, error: unknown, verdicts: Verdicts): RefreshError {
  const code = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined
  const isPassing = passing.includes(code ?? '')
  return new RefreshError(`${who} answered ${code ?? 'an error'}`, {
    reason: verdicts.includes(code ?? '') ? 'rejected' : isPassing ? 'unavailable' : 'misconfigured',
    sent: true,
    cause: code && { code },
  })
}

/** Returns how long a `Retry-After` asks to wait, in ms (RFC 9110, section 10.2.3); undefined where it says nothing. */
export function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined
  // A date has the name of its month; of anything else engines make one, too.
  const isDate = /[a-z]{3}/i.test(value)
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : isDate ? Date.parse(value) - Date.now() : Number.NaN
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
