import type { Credential } from './credential.ts'
import { type Deferred, deferred } from './deferred.ts'
import { AuthenticationError, RefreshError } from './errors.ts'
import { isWorking } from './freshness.ts'
import type { Platform } from './platform/platform.ts'
import type { RefreshReason } from './session-events.ts'
import type { Active, Expired, Holding, SessionEvent, Stamp } from './session-state.ts'
import { attempt, type RefreshContext, type Strategy, usable } from './strategies.ts'
import type { TokenSet } from './token-set.ts'

/** The session as its refresher sees it. */
export interface RefresherHost {
  readonly strategies: Required<Strategy>[]
  readonly platform: Platform
  readonly refreshTimeoutMs: number
  identity(tokens: TokenSet): string | undefined
  holding(): Holding
  dispatch(event: SessionEvent): void
  started(reason: RefreshReason): void
  failed(error: RefreshError): void
}

/** The single flight: at most one refresh of a token set at a time, its success and its failure shared by all. */
export interface Refresher {
  /** Joins the refresh in flight, shares the failure of the last one while it cools down, or starts one. */
  renew(held: Active | Expired, reason: RefreshReason): Promise<Credential>
  /** Ends the waiting, not the request: its answer is still stored. */
  end(outcome: Credential | Error): void
  /** Settles when no request is in flight. */
  idle(): Promise<void>
}

interface Flight extends Stamp {
  readonly waiting: Deferred<Credential>
  done: Promise<void>
}

const cooldownMs = (attempts: number, random: number): number =>
  Math.min(60_000, 1000 * 2 ** attempts) * (1 + random / 4)

export function createRefresher(host: RefresherHost): Refresher {
  const { strategies, platform, refreshTimeoutMs } = host
  const flights = new Set<Flight>()
  let flight: Flight | undefined

  function renew(held: Active | Expired, reason: RefreshReason): Promise<Credential> {
    if (flight?.epoch === held.epoch && flight.version === held.version) return flight.waiting.promise
    const obstacle = obstacleOf(held, reason)
    if (obstacle !== undefined) {
      expireIfOver(held, obstacle)
      return Promise.reject(obstacle)
    }
    // No await between the look at `flight` and its assignment: that is what makes this a single flight.
    const mine: Flight = { epoch: held.epoch, version: held.version, waiting: deferred(), done: Promise.resolve() }
    flight = mine
    flights.add(mine)
    // Everybody may have left by the time it fails.
    mine.waiting.promise.catch(() => {})
    mine.done = run(held, reason, mine).finally(() => {
      flights.delete(mine)
      if (flight === mine) flight = undefined
    })
    return mine.waiting.promise
  }

  function obstacleOf(held: Active | Expired, reason: RefreshReason): RefreshError | AuthenticationError | undefined {
    const { failure, rejected } = held.notes
    const now = platform.now()
    if (failure !== undefined) {
      // A person who pressed a button skips the backoff, never what the issuer asked for.
      const until = reason === 'asked' ? failure.retryAt : Math.max(failure.until, failure.retryAt)
      // A token whose answer was lost may be spent: presenting it is a risk not taken while the access token works.
      const isRisk = failure.error.reason === 'lost' && reason !== 'asked' && works(held)
      if (now < until || isRisk) return failure.error
    }
    if (usable(strategies, held.tokens, rejected).length > 0) return undefined
    return held.status === 'expired' ? held.error : rejection(failure?.error)
  }

  /** A rejected early refresh leaves a token alone that still lives; the session ends when that does. */
  function expireIfOver(from: Active | Expired, error: Error): void {
    const holding = host.holding()
    if (error instanceof AuthenticationError && holding.status === 'active' && !works(holding)) {
      host.dispatch({ type: 'expired', from, error })
    }
  }

  const works = (held: Active | Expired): boolean => held.status === 'active' && isWorking(held, platform.now())

  async function run(held: Active | Expired, reason: RefreshReason, { waiting }: Flight): Promise<void> {
    const cap = new AbortController()
    const capped = deferred<never>()
    const timers = [
      platform.setTimeout(() => {
        waiting.reject(new RefreshError(`No answer in ${refreshTimeoutMs} ms; try later`, { reason: 'unavailable' }))
      }, refreshTimeoutMs),
      platform.setTimeout(() => {
        const error = new RefreshError(`No answer in ${3 * refreshTimeoutMs} ms`, { reason: 'lost', sent: true })
        capped.reject(error)
        cap.abort(error)
      }, 3 * refreshTimeoutMs),
    ]
    capped.promise.catch(() => {})
    host.started(reason)
    try {
      await tryEach(held, { tokens: held.tokens, reason, signal: cap.signal }, capped.promise)
    } catch (error) {
      fail(held, error as RefreshError, waiting)
    } finally {
      for (const timer of timers) platform.clearTimeout(timer)
    }
  }

  /** Resolves once a strategy succeeded or the session moved on; rejects with the last failure. */
  async function tryEach(held: Active | Expired, context: RefreshContext, capped: Promise<never>): Promise<void> {
    let last: unknown
    for (const strategy of usable(strategies, held.tokens, held.notes.rejected)) {
      // An answer after the cap is stored all the same, if nothing else was.
      const call = attempt(strategy, { ...context, tokens: { ...held.tokens } }).then((answer) =>
        store(held, answer, context.reason),
      )
      try {
        // One after the other: each is tried only because the issuer rejected the one before.
        // oxlint-disable-next-line no-await-in-loop
        await Promise.race([call, capped])
        return
      } catch (error) {
        last = error
        if ((error as RefreshError).reason !== 'rejected') break
        const { refreshToken } = held.tokens
        if (strategy.spends && refreshToken !== undefined) {
          host.dispatch({ type: 'noted', from: held, notes: { rejected: refreshToken } })
        }
      }
    }
    throw last
  }

  function store(from: Active | Expired, answer: TokenSet, reason: RefreshReason): void {
    const known = from.credential.identity
    const identity = host.identity(answer) ?? known
    if (known !== undefined && identity !== known) {
      throw new RefreshError('The refresh answered for another identity; sign out before another user signs in', {
        reason: 'misconfigured',
      })
    }
    // What an answer may leave out stays as it was (RFC 6749, sections 5.1 and 6).
    const { refreshToken, idToken, scope, tokenType } = from.tokens
    const kept = { refreshToken, idToken, scope, tokenType, identity: from.tokens.identity }
    const tokens = withoutUndefined({ ...kept, ...withoutUndefined(answer) })
    host.dispatch({ type: 'refreshed', from, tokens, identity, at: platform.now(), reason })
  }

  function fail(from: Active | Expired, failure: RefreshError, waiting: Deferred<Credential>): void {
    const holding = host.holding()
    const attempts = holding.status === 'signed-out' ? 0 : (holding.notes.failure?.attempts ?? 0)
    const now = platform.now()
    const error = failure.reason === 'rejected' ? rejection(failure) : failure
    const until = now + cooldownMs(attempts, platform.random())
    const retryAt = now + (failure.retryAfterMs ?? 0)
    host.dispatch({ type: 'noted', from, notes: { failure: { error, attempts: attempts + 1, until, retryAt } } })
    host.failed(failure)
    expireIfOver(from, error)
    waiting.reject(error)
  }

  return {
    renew,
    end(outcome) {
      if (outcome instanceof Error) flight?.waiting.reject(outcome)
      else flight?.waiting.resolve(outcome)
    },
    async idle() {
      await Promise.all([...flights].map(({ done }) => done))
    },
  }
}

function rejection(cause: unknown): AuthenticationError {
  return new AuthenticationError('The issuer rejected the refresh; sign in again', { reason: 'expired', cause })
}

function withoutUndefined<T extends object>(members: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
}
