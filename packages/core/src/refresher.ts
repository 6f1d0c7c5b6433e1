import type { Credential } from './credential.ts'
import { type Deferred, deferred } from './deferred.ts'
import { AuthenticationError, authenticationError, RefreshError } from './errors.ts'
import { isWorking } from './freshness.ts'
import type { Platform } from './platform/platform.ts'
import type { RefreshReason } from './session-events.ts'
import { type Active, type Expired, type Holding, isOf, type SessionEvent, type Stamp } from './session-state.ts'
import { attempt, type Strategy, usable } from './strategies.ts'
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
  failed(error: RefreshError, level: 'warn' | 'error'): void
}

/** The single flight: at most one refresh of a token set at a time, its success and its failure shared by all. */
export interface Refresher {
  /** Joins the refresh in flight, shares the failure of the last one while it cools down, or starts one. */
  renew(held: Active | Expired, reason: RefreshReason): Promise<Credential>
  /** Ends the waiting, not the request: its answer is still stored. */
  end(outcome: Credential | Error): void
  /** Settles when no request is in flight. */
  idle(): Promise<unknown>
}

interface Flight extends Stamp {
  waiting: Deferred<Credential>
}

/** Everybody may have left by the time it fails. */
function quiet<T>(): Deferred<T> {
  const made = deferred<T>()
  made.promise.catch(() => {})
  return made
}

const cooldownMs = (attempts: number, random: number): number =>
  Math.min(60_000, 1000 * 2 ** attempts) * (1 + random / 4)

export function createRefresher(host: RefresherHost): Refresher {
  const { strategies, platform, refreshTimeoutMs } = host
  let flight: Flight | undefined
  let busy: Promise<unknown> = Promise.resolve()

  function renew(held: Active | Expired, reason: RefreshReason): Promise<Credential> {
    if (flight?.epoch === held.epoch && flight.version === held.version) return flight.waiting.promise
    const obstacle = obstacleOf(held, reason)
    if (obstacle !== undefined) {
      expireIfOver(held, obstacle)
      return Promise.reject(obstacle)
    }
    // No await between the look at `flight` and its assignment: that is what makes this a single flight.
    const mine: Flight = { epoch: held.epoch, version: held.version, waiting: quiet() }
    flight = mine
    const done = run(held, reason, mine).finally(() => {
      if (flight === mine) flight = undefined
    })
    busy = Promise.all([busy, done])
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
    return held.status === 'expired' ? held.error : authenticationError('expired', failure?.error)
  }

  /** A rejected early refresh leaves a token alone that still lives; the session ends when that does. */
  function expireIfOver(from: Active | Expired, error: Error): void {
    const holding = host.holding()
    if (error instanceof AuthenticationError && holding.status === 'active' && !works(holding)) {
      host.dispatch({ type: 'expired', from, error })
    }
  }

  const works = (held: Active | Expired): boolean => held.status === 'active' && isWorking(held, platform.now())

  async function run(held: Active | Expired, reason: RefreshReason, mine: Flight): Promise<void> {
    const cap = new AbortController()
    const capped = quiet<never>()
    const timers = [
      platform.setTimeout(() => {
        mine.waiting.reject(new RefreshError(`No answer in ${refreshTimeoutMs} ms`, { reason: 'unavailable' }))
      }, refreshTimeoutMs),
      platform.setTimeout(() => {
        const error = new RefreshError(`No answer in ${3 * refreshTimeoutMs} ms`, { reason: 'lost', sent: true })
        capped.reject(error)
        cap.abort(error)
      }, 3 * refreshTimeoutMs),
    ]
    host.started(reason)
    try {
      await tryEach(held, reason, cap.signal, capped.promise)
    } catch (error) {
      fail(held, error as RefreshError, mine)
    } finally {
      for (const timer of timers) platform.clearTimeout(timer)
    }
  }

  /** Resolves once a strategy succeeded or the session moved on; rejects with the last failure. */
  async function tryEach(
    held: Active | Expired,
    reason: RefreshReason,
    signal: AbortSignal,
    capped: Promise<never>,
  ): Promise<void> {
    let last: unknown
    for (const strategy of usable(strategies, held.tokens, held.notes.rejected)) {
      // Nobody's tokens are presented after a sign-out.
      if (!isOf(host.holding(), held)) return
      // What comes after the cap still counts, if nothing else came first.
      const call = attempt(strategy, { tokens: { ...held.tokens }, reason, signal }).then(
        (answer) => store(held, answer, reason),
        (error: RefreshError) => {
          const { refreshToken } = held.tokens
          if (error.reason === 'rejected' && strategy.spends && refreshToken !== undefined) {
            host.dispatch({ type: 'noted', from: held, notes: { rejected: refreshToken } })
          }
          throw error
        },
      )
      try {
        // One after the other: each is tried only because the issuer rejected the one before.
        // oxlint-disable-next-line no-await-in-loop
        return await Promise.race([call, capped])
      } catch (error) {
        last = error
        if ((error as RefreshError).reason !== 'rejected') break
      }
    }
    throw last
  }

  function store(from: Active | Expired, answer: TokenSet, reason: RefreshReason): void {
    const known = from.credential.identity
    const identity = identityIn(answer) ?? known
    if (known !== undefined && identity !== known) {
      throw new RefreshError('The refresh answered for another identity; sign out first', { reason: 'misconfigured' })
    }
    // What an answer may leave out stays as it was (RFC 6749, sections 5.1 and 6), all but the lifetime.
    const { expiresInMs: _ms, expiresAt: _at, ...kept } = from.tokens
    const given = Object.entries(answer).filter(([, value]) => value !== undefined)
    const tokens = { ...kept, ...Object.fromEntries(given) }
    host.dispatch({ type: 'refreshed', from, tokens, identity, at: platform.now(), reason })
  }

  function identityIn(answer: TokenSet): string | undefined {
    try {
      return host.identity(answer)
    } catch (cause) {
      throw new RefreshError('identity() failed', { reason: 'misconfigured', cause })
    }
  }

  function fail(from: Active | Expired, failure: RefreshError, mine: Flight): void {
    const holding = host.holding()
    const attempts = holding.status === 'signed-out' ? 0 : (holding.notes.failure?.attempts ?? 0)
    const now = platform.now()
    const error = failure.reason === 'rejected' ? authenticationError('expired', failure) : failure
    const until = now + cooldownMs(attempts, platform.random())
    const retryAt = now + (failure.retryAfterMs ?? 0)
    host.dispatch({ type: 'noted', from, notes: { failure: { error, attempts: attempts + 1, until, retryAt } } })
    host.failed(failure, gravityOf(failure, from.tokens))
    expireIfOver(from, error)
    mine.waiting.reject(error)
  }

  return {
    renew,
    end(outcome) {
      if (flight === undefined) return
      const { waiting } = flight
      // Who asks from now on waits for what comes of the request.
      flight.waiting = quiet()
      if (outcome instanceof Error) waiting.reject(outcome)
      else waiting.resolve(outcome)
    },
    idle: () => busy,
  }
}

/** A verdict or a network is a warning; what no waiting will mend, and what nobody knows, is an error. */
function gravityOf({ reason, cause }: RefreshError, { refreshToken }: TokenSet): 'warn' | 'error' {
  const isMissing = reason === 'rejected' && refreshToken === undefined
  // What fetch rejects with when the network fails.
  const isUnknown = reason === 'lost' && cause !== undefined && !(cause instanceof TypeError)
  return reason === 'misconfigured' || isMissing || isUnknown ? 'error' : 'warn'
}
