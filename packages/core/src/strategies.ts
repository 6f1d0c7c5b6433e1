import { isRefreshError, RefreshError } from './errors.ts'
import type { RefreshReason } from './session-events.ts'
import type { FlawOf, TokenSet } from './token-set.ts'

export interface RefreshContext {
  /** The set that is held; a strategy spends its refresh token. */
  tokens: TokenSet
  reason: RefreshReason
  /** Aborted when the hard cap passes (3 × `refreshTimeoutMs`), never because a caller left. */
  signal: AbortSignal
}

/**
 * Gets a new token set. Never called twice at once with one refresh token.
 *
 * Throw `RefreshError` to say what happened; only `rejected` is a verdict on the grant. Anything else that is thrown
 * counts as `lost`.
 */
export type Refresh = (context: RefreshContext) => Promise<TokenSet>

/** A refresh that says whether it presents the refresh token, so that a rejected one is not presented again. */
export interface Strategy {
  refresh: Refresh
  /** @default true */
  spends?: boolean
}

/** One or several: the next is tried only when the issuer rejected the former. */
export type RefreshOption = Refresh | Strategy | readonly (Refresh | Strategy)[]

/** Returns the strategies of a `refresh` option. Throws a `TypeError` for what is none. */
export function strategiesOf(option: RefreshOption): Required<Strategy>[] {
  const strategies = [option].flat().map((entry) => ({
    refresh: typeof entry === 'function' ? entry : entry?.refresh,
    spends: typeof entry === 'function' || (entry?.spends ?? true),
  }))
  if (strategies.length > 0 && strategies.every(({ refresh }) => typeof refresh === 'function')) return strategies
  throw new TypeError('refresh is missing; pass a function that gets a new TokenSet')
}

/** Calls one strategy; whatever comes of it is a checked token set or a `RefreshError`. */
export async function attempt({ refresh }: Strategy, context: RefreshContext, flawOf: FlawOf): Promise<TokenSet> {
  let answer: TokenSet
  try {
    answer = await refresh(context)
  } catch (cause) {
    if (isRefreshError(cause)) throw cause
    throw new RefreshError('refresh() failed; throw a RefreshError to say how', { reason: 'lost', cause })
  }
  const flaw = flawOf(answer)
  if (flaw !== undefined) throw new RefreshError(`refresh() returned ${flaw}`, { reason: 'misconfigured' })
  return answer
}
