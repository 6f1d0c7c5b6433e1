import type { Scheduler } from 'fast-check'

import { deferred } from '../../../src/deferred.ts'
import { RefreshError } from '../../../src/errors.ts'
import type { RefreshContext } from '../../../src/strategies.ts'
import type { TokenSet } from '../../../src/token-set.ts'
import type { Tab } from './tab.ts'

/**
 * What becomes of one request: an answer; one that leaves out what it may; one for somebody else; a revoked grant; 503;
 * 429 with a `Retry-After`; processed and the answer lost; lost on its way; no answer until the client gives up.
 */
export type TabsOutcome =
  | 'ok'
  | 'lean'
  | 'stranger'
  | 'rejected'
  | 'unavailable'
  | 'busy'
  | 'lost'
  | 'dropped'
  | 'hangs'

export const lifetimeMs = 300_000
export const refreshTimeoutMs = 30_000
const capMs = 3 * refreshTimeoutMs
const retryAfterMs = 120_000

/** What happened to a refresh token that was presented once. */
interface Presentation {
  readonly tab: Tab
  readonly at: number
  outcome: 'open' | 'answered' | 'kept' | 'rejected' | 'failed' | 'lost'
  endedAt: number
  retryAt: number
}

interface Grant {
  readonly identity: string
  isRevoked: boolean
}

export interface TabsIssuer {
  /** What no client may do: see the invariants I1 and I6. */
  readonly misuse: readonly string[]
  /** How many verdicts ended a refresh token for good. */
  readonly verdicts: number
  readonly calls: number
  refreshIn(tab: Tab, isWorking: () => boolean): (context: RefreshContext) => Promise<TokenSet>
  signIn(identity: string): TokenSet
  takes(accessToken: string | undefined): boolean
  identityOf(accessToken: string | undefined): string | undefined
  revokeAccess(accessToken: string | undefined): void
}

/**
 * Returns an issuer whose refresh tokens are for one use, with a grace window for who never got the answer: a page that
 * was frozen or has crashed, or has had no answer until the hard cap.
 */
export function createTabsIssuer(
  scheduler: Scheduler,
  outcomes: readonly TabsOutcome[],
  now: () => number,
): TabsIssuer {
  const grants = new Map<string, Grant>()
  const access = new Map<string, { readonly grant: Grant; expiresAt: number }>()
  const presented = new Map<string, Presentation[]>()
  const misuse: string[] = []
  let verdicts = 0
  let calls = 0
  let ids = 0

  function issue(grant: Grant, kept?: string): TokenSet & { refreshToken: string } {
    const id = ++ids
    const refreshToken = kept ?? `secret-refresh-${id}`
    grants.set(refreshToken, grant)
    access.set(`secret-access-${id}`, { grant, expiresAt: now() + lifetimeMs })
    return { accessToken: `secret-access-${id}`, refreshToken, expiresInMs: lifetimeMs, identity: grant.identity }
  }

  /** Whether others could not know what came of it: the page had stopped, or had no storage to tell them. */
  function isExcused({ tab, at }: Presentation): boolean {
    return tab.isCrashed || tab.isForgetful || now() - at >= capMs
  }

  /** I1, and what a failure asks of everybody. */
  function judge(earlier: Presentation, reason: RefreshContext['reason'], isWorking: boolean): string | undefined {
    const { outcome, endedAt, retryAt } = earlier
    if (outcome === 'open') return 'while a request with it was out'
    if (outcome === 'answered') return 'after the answer that spent it'
    if (outcome === 'rejected') return 'after its rejection'
    if (now() < retryAt) return 'before Retry-After'
    if (reason === 'asked' || outcome === 'kept') return undefined
    if (now() < endedAt + 1000) return 'during the cooldown'
    return outcome === 'lost' && isWorking ? 'though it may be spent and the access token works' : undefined
  }

  return {
    misuse,
    get verdicts() {
      return verdicts
    },
    get calls() {
      return calls
    },
    signIn: (identity) => issue({ identity, isRevoked: false }),
    takes: (accessToken = '') => now() < (access.get(accessToken)?.expiresAt ?? 0),
    identityOf: (accessToken = '') => access.get(accessToken)?.grant.identity,
    revokeAccess(accessToken = '') {
      const token = access.get(accessToken)
      if (token !== undefined) token.expiresAt = 0
    },
    refreshIn: (tab, isWorking) => (context) => {
      const { tokens, reason, signal } = context
      const { refreshToken = '' } = tokens
      const outcome = outcomes[calls++] ?? 'ok'
      const name = `${outcome} ${calls}`
      const history = presented.get(refreshToken) ?? []
      const known = tab.isForgetful ? [] : history.filter((earlier) => !isExcused(earlier))
      // What was answered since, for whomever, settles what was uncertain before.
      const last = history.at(-1)
      for (const earlier of known) {
        const isOver = earlier !== last && ['failed', 'lost', 'kept'].includes(earlier.outcome)
        const wrong = isOver ? undefined : judge(earlier, reason, isWorking())
        if (wrong !== undefined) misuse.push(`tab ${tab.id}, ${name}, ${refreshToken}: presented ${wrong}`)
      }
      const mine: Presentation = { tab, at: now(), outcome: 'open', endedAt: Infinity, retryAt: -Infinity }
      presented.set(refreshToken, [...history, mine])

      const end = (how: Presentation['outcome'], retryMs = -Infinity): void => {
        // What comes after the cap counts as lost by then.
        if (mine.outcome !== 'open') return
        mine.outcome = how
        mine.endedAt = now()
        mine.retryAt = now() + retryMs
      }
      // The client hears of it when it is awake; with a crash, never.
      const heard = async <T>(how: Presentation['outcome'], answer: () => T, retryMs?: number): Promise<T> => {
        await scheduler.schedule(Promise.resolve(), `answer: ${name}`)
        await tab.awake()
        end(how, retryMs)
        return answer()
      }
      const fail = (error: Error) => (): never => {
        throw error
      }

      async function travel(): Promise<TokenSet> {
        await scheduler.schedule(Promise.resolve(), `request: ${name}`)
        const grant = grants.get(refreshToken)
        if (outcome === 'dropped') return heard('lost', fail(new TypeError('Failed to fetch')))
        if (outcome === 'unavailable') return heard('failed', fail(new RefreshError('503', { reason: 'unavailable' })))
        if (outcome === 'busy') {
          const error = new RefreshError('429', { reason: 'unavailable', retryAfterMs })
          return heard('failed', fail(error), retryAfterMs)
        }
        if (outcome === 'rejected' || grant === undefined || grant.isRevoked) {
          if (grant !== undefined) grant.isRevoked = true
          const error = new RefreshError('invalid_grant', { reason: 'rejected' })
          verdicts++
          return heard('rejected', fail(error))
        }
        const answer = issue(grant, outcome === 'lean' ? refreshToken : undefined)
        if (outcome === 'hangs') return new Promise(() => {})
        if (outcome === 'lost') return heard('lost', fail(new TypeError('Failed to fetch')))
        if (outcome === 'lean') return heard('kept', () => ({ accessToken: answer.accessToken as string }))
        if (outcome === 'stranger') {
          verdicts++
          return heard('answered', () => issue({ identity: 'mallory', isRevoked: false }))
        }
        return heard('answered', () => answer)
      }
      const { promise: aborted, reject } = deferred<never>()
      signal.addEventListener('abort', () => {
        end('lost')
        reject(signal.reason as Error)
      })
      return Promise.race([travel(), aborted])
    },
  }
}
