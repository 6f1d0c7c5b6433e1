import type { Scheduler } from 'fast-check'

import { RefreshError } from '../../src/errors.ts'
import type { Refresh } from '../../src/strategies.ts'
import type { TokenSet } from '../../src/token-set.ts'

/**
 * What becomes of one request: an answer; an answer that leaves out what it may; a revoked grant; 503; processed and the
 * answer lost; lost on its way; no answer until the client gives up.
 */
export type Outcome = 'ok' | 'lean' | 'rejected' | 'unavailable' | 'lost' | 'dropped' | 'hangs'

export interface RaceIssuer {
  readonly refresh: Refresh
  /** How many requests were sent. */
  readonly calls: number
  /** What no client may do: present a token while a request with it is out, after the answer that spent it, or after its
   * rejection (I1). */
  readonly misuse: readonly string[]
  /** Refresh tokens whose rejection has reached the client. */
  readonly rejected: ReadonlySet<string>
  /** Every token set that it gave to the client. */
  readonly given: readonly TokenSet[]
  signIn(identity: string): TokenSet
  /** Returns whether the resource takes an access token. */
  takes(accessToken: string | undefined): boolean
  identityOf(accessToken: string | undefined): string | undefined
  revokeAccess(accessToken: string | undefined): void
}

/** What the invariants need to know of the client at the moment of a presentation. */
interface Presentation {
  readonly refreshToken: string
  readonly reason: 'stale' | 'refused' | 'asked'
  /** An earlier answer for this token was lost, and the issuer has not answered since. */
  readonly isUncertain: boolean
  /** When the last request with this token failed. */
  readonly failedAt: number | undefined
}

interface Grant {
  readonly identity: string
  isRevoked: boolean
}

export interface RaceIssuerOptions {
  readonly scheduler: Scheduler
  readonly outcomes: readonly Outcome[]
  readonly now: () => number
  /** Called synchronously when a refresh token is presented, to judge it. */
  readonly presented: (presentation: Presentation) => void
}

export const lifetimeMs = 300_000

/**
 * Returns an issuer with single-use refresh tokens, whose requests and answers travel as the scheduler pleases.
 */
export function createRaceIssuer({ scheduler, outcomes, now, presented }: RaceIssuerOptions): RaceIssuer {
  const grants = new Map<string, Grant>()
  const access = new Map<string, Grant & { readonly expiresAt: number; isDead?: boolean }>()
  const spent = new Set<string>()
  const open = new Set<string>()
  const answered = new Set<string>()
  const rejected = new Set<string>()
  const uncertain = new Set<string>()
  const misuse: string[] = []
  const given: TokenSet[] = []
  const failedAt = new Map<string, number>()
  let calls = 0
  let ids = 0

  function issue(grant: Grant, kept?: string): TokenSet & { refreshToken: string } {
    const id = ++ids
    const refreshToken = kept ?? `secret-refresh-${id}`
    grants.set(refreshToken, grant)
    access.set(`secret-access-${id}`, { ...grant, expiresAt: now() + lifetimeMs })
    return { accessToken: `secret-access-${id}`, refreshToken, expiresInMs: lifetimeMs, identity: grant.identity }
  }

  function redeem(refreshToken: string, isRotating: boolean): TokenSet | undefined {
    const grant = grants.get(refreshToken)
    if (spent.has(refreshToken) && grant !== undefined) grant.isRevoked = true
    if (grant === undefined || grant.isRevoked) return undefined
    if (isRotating) spent.add(refreshToken)
    return issue(grant, isRotating ? undefined : refreshToken)
  }

  const refresh: Refresh = async ({ tokens: { refreshToken = '' }, reason, signal }) => {
    const outcome = outcomes[calls++] ?? 'ok'
    const name = `${outcome} ${calls}`
    if (open.has(refreshToken)) misuse.push(`${name}: presented while a request with it was out`)
    if (answered.has(refreshToken)) misuse.push(`${name}: presented after the answer that spent it`)
    if (rejected.has(refreshToken)) misuse.push(`${name}: presented after its rejection`)
    presented({ refreshToken, reason, isUncertain: uncertain.has(refreshToken), failedAt: failedAt.get(refreshToken) })
    open.add(refreshToken)
    const aborted = untilAborted(signal)
    const travel = (what: string): Promise<void> =>
      Promise.race([scheduler.schedule(Promise.resolve(), `${what}: ${name}`), aborted])
    try {
      await travel('request')
      if (outcome === 'rejected') grants.set(refreshToken, { identity: 'nobody', isRevoked: true })
      const isProcessed = outcome !== 'dropped' && outcome !== 'unavailable'
      const answer = isProcessed ? redeem(refreshToken, outcome !== 'lean') : undefined
      await travel('answer')
      if (outcome === 'hangs') await aborted
      if (outcome === 'lost' || outcome === 'dropped') throw new TypeError('Failed to fetch')
      if (outcome === 'unavailable') throw new RefreshError('503', { reason: 'unavailable' })
      uncertain.delete(refreshToken)
      failedAt.delete(refreshToken)
      if (answer === undefined) {
        rejected.add(refreshToken)
        throw new RefreshError('invalid_grant', { reason: 'rejected' })
      }
      if (outcome === 'lean') return { accessToken: answer.accessToken as string }
      answered.add(refreshToken)
      given.push(answer)
      return answer
    } catch (error) {
      failedAt.set(refreshToken, now())
      if (!(error instanceof RefreshError) || error.reason === 'lost') uncertain.add(refreshToken)
      throw error
    } finally {
      open.delete(refreshToken)
    }
  }

  return {
    refresh,
    misuse,
    given,
    rejected,
    get calls() {
      return calls
    },
    signIn(identity) {
      const tokens = issue({ identity, isRevoked: false })
      given.push(tokens)
      return tokens
    },
    takes(accessToken = '') {
      const token = access.get(accessToken)
      return token !== undefined && token.isDead !== true && now() < token.expiresAt
    },
    identityOf: (accessToken = '') => access.get(accessToken)?.identity,
    revokeAccess(accessToken = '') {
      const token = access.get(accessToken)
      if (token !== undefined) token.isDead = true
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  aborted.catch(() => {})
  return aborted
}
