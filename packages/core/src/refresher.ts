import type { Credential } from './credential.ts'
import { type Deferred, deferred } from './deferred.ts'
import { AuthenticationError, authenticationError, RefreshError } from './errors.ts'
import { createFates } from './fates.ts'
import { isWorking } from './freshness.ts'
import type { Platform } from './platform/platform.ts'
import type { RefreshReason } from './session-events.ts'
import { type Active, type Expired, type Holding, isOf, type SessionEvent } from './session-state.ts'
import { attempt, type Strategy } from './strategies.ts'
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
  /** Whether a refresh of these tokens is under way. */
  isRenewing(held: Active | Expired): boolean
  /** Leaves the tokens alone until then (epoch ms), as after a failed refresh. */
  rest(held: Active | Expired, error: AuthenticationError, until: number): void
  /** Goes on for a sign-in that brought the refresh token which is being presented; returns whether it did. */
  adopt(held: Active): boolean
  /** Ends the waiting, not the request, unless that is over: its answer is still stored. */
  end(held: Active | Expired, outcome: Credential | Error, isOver?: boolean): void
  /** Settles when no request is in flight. */
  idle(): Promise<unknown>
}

interface Flight {
  readonly key: string
  /** What it refreshes; a sign-in with the same refresh token takes its place. */
  of: Active | Expired
  waiting: Deferred<Credential>
}

/** A refresh token is presented once at a time, whatever sign-in it came with; a cookie once for one who is signed in. */
function keyOf({ epoch, tokens }: Active | Expired): string {
  return tokens.refreshToken ?? `epoch ${epoch}`
}

/** Everybody may have left by the time it fails. */
function quiet<T>(): Deferred<T> {
  const made = deferred<T>()
  made.promise.catch(() => {})
  return made
}

const cooldownMs = (attempts: number, random: number): number =>
  Math.min(60_000, 500 * 2 ** attempts) * (1 + random / 4)

export function createRefresher(host: RefresherHost): Refresher {
  const { strategies, platform, refreshTimeoutMs } = host
  const flights = new Map<string, Flight>()
  const fates = createFates()
  const running = new Set<Promise<void>>()

  function renew(held: Active | Expired, reason: RefreshReason): Promise<Credential> {
    const key = keyOf(held)
    const joined = flights.get(key)
    if (joined !== undefined) return joined.waiting.promise
    const obstacle = obstacleOf(held, reason)
    if (obstacle !== undefined) {
      expireIfOver(held, obstacle)
      return Promise.reject(obstacle)
    }
    // No await between the look at the flights and this: that is what makes it a single flight.
    const mine: Flight = { key, of: held, waiting: quiet() }
    const { promise } = mine.waiting
    flights.set(key, mine)
    const done = run(mine, reason).finally(() => {
      land(mine)
      running.delete(done)
    })
    running.add(done)
    return promise
  }

  /** Who asks from now on asks for what is held by then. */
  function land(mine: Flight): void {
    if (flights.get(mine.key) === mine) flights.delete(mine.key)
  }

  const isUsable = ({ spends }: Strategy, held: Active | Expired): boolean =>
    spends === false || fates.of(keyOf(held)).dead !== true

  function obstacleOf(held: Active | Expired, reason: RefreshReason): RefreshError | AuthenticationError | undefined {
    const { failure, lost } = fates.of(keyOf(held))
    const now = platform.now()
    if (failure !== undefined) {
      // A person who pressed a button skips the backoff, never what the issuer asked for.
      const until = reason === 'asked' ? failure.retryAt : Math.max(failure.until, failure.retryAt)
      // Presenting a token that may be spent is a risk not taken while the access token works.
      const isRisk = lost === true && reason !== 'asked' && works(held)
      if (now < until || isRisk) return failure.error
    }
    if (strategies.some((strategy) => isUsable(strategy, held))) return undefined
    return failure?.error instanceof AuthenticationError
      ? failure.error
      : authenticationError('expired', failure?.error)
  }

  /** A rejected early refresh leaves a token alone that still lives; the session ends when that does. */
  function expireIfOver(from: Active | Expired, error: Error): void {
    const holding = host.holding()
    if (error instanceof AuthenticationError && holding.status === 'active' && !works(holding)) {
      host.dispatch({ type: 'expired', from, error })
    }
  }

  const works = (held: Active | Expired): boolean => held.status === 'active' && isWorking(held, platform.now())

  async function run(mine: Flight, reason: RefreshReason): Promise<void> {
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
      await tryEach(mine, reason, cap.signal, capped.promise)
    } catch (error) {
      fail(mine, error as RefreshError)
    } finally {
      for (const timer of timers) platform.clearTimeout(timer)
    }
  }

  /** Resolves once a strategy succeeded or the session moved on; rejects with the last failure. */
  async function tryEach(
    mine: Flight,
    reason: RefreshReason,
    signal: AbortSignal,
    capped: Promise<never>,
  ): Promise<void> {
    let last: unknown
    for (const strategy of strategies) {
      const holding = host.holding()
      // Nobody's tokens are presented after a sign-out.
      if (!isOf(holding, mine.of)) return land(mine)
      if (!isUsable(strategy, holding)) continue
      // What comes after the cap still counts, if nothing else came first.
      const call = attempt(strategy, { tokens: { ...holding.tokens }, reason, signal }).then(
        (answer) => store(mine, strategy, answer, reason),
        (error: RefreshError) => {
          if (error.reason === 'rejected') spend(mine, strategy)
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

  /** The refresh token has had its answer: it is never presented again, whatever sign-in brings it back. */
  function spend({ key, of: { tokens } }: Flight, { spends }: Strategy): void {
    if (spends !== false && tokens.refreshToken !== undefined) fates.add(key, { dead: true })
  }

  function store(mine: Flight, strategy: Strategy, answer: TokenSet, reason: RefreshReason): void {
    const { of: from } = mine
    // What an answer may leave out stays as it was (RFC 6749, sections 5.1 and 6), all but the lifetime.
    const { expiresInMs: _ms, expiresAt: _at, ...kept } = from.tokens
    const given = Object.entries(answer).filter(([, value]) => value !== undefined)
    const tokens: TokenSet = { ...kept, ...Object.fromEntries(given) }
    const known = from.credential.identity
    const identity = identityIn(tokens)
    if (known !== undefined && identity !== known) {
      spend(mine, strategy)
      throw new RefreshError('The refresh answered for another identity; sign out first', { reason: 'misconfigured' })
    }
    fates.add(mine.key, { failure: undefined, lost: undefined })
    if (tokens.refreshToken !== from.tokens.refreshToken) spend(mine, strategy)
    if (!isOf(host.holding(), from)) return land(mine)
    host.dispatch({ type: 'refreshed', from, tokens, identity, at: platform.now(), reason })
  }

  function identityIn(answer: TokenSet): string | undefined {
    try {
      return host.identity(answer)
    } catch (cause) {
      throw new RefreshError('identity() failed', { reason: 'misconfigured', cause })
    }
  }

  function fail(mine: Flight, failure: RefreshError): void {
    const { key, of: from } = mine
    land(mine)
    const now = platform.now()
    const attempts = (fates.of(key).failure?.attempts ?? 0) + 1
    const error = failure.reason === 'rejected' ? authenticationError('expired', failure) : failure
    const until = now + cooldownMs(attempts, platform.random())
    const retryAt = now + (failure.retryAfterMs || 0)
    fates.add(key, { failure: { error, attempts, until, retryAt }, ...(failure.reason === 'lost' && { lost: true }) })
    // What failed for one who has left concerns nobody.
    if (isOf(host.holding(), from)) {
      host.failed(failure, gravityOf(failure, from.tokens))
      expireIfOver(from, error)
    }
    mine.waiting.reject(error)
  }

  return {
    renew,
    isRenewing: (held) => flights.has(keyOf(held)),
    rest(held, error, until) {
      const failure = { attempts: 0, retryAt: 0, error, ...fates.of(keyOf(held)).failure }
      // A verdict of the issuer outranks that of an API.
      if (!(failure.error instanceof AuthenticationError)) failure.error = error
      fates.add(keyOf(held), { failure: { ...failure, until } })
    },
    adopt(held) {
      const flight = flights.get(keyOf(held))
      if (flight !== undefined) flight.of = held
      return flight !== undefined
    },
    end(held, outcome, isOver) {
      const flight = flights.get(keyOf(held))
      if (flight === undefined) return
      if (isOver === true) land(flight)
      const { waiting } = flight
      // Who asks from now on waits for what comes of the request.
      flight.waiting = quiet()
      if (outcome instanceof Error) waiting.reject(outcome)
      else waiting.resolve(outcome)
    },
    idle: () => Promise.all(running),
  }
}

/** A verdict or a network is a warning; what no waiting will mend, and what nobody knows, is an error. */
function gravityOf({ reason, cause }: RefreshError, { refreshToken }: TokenSet): 'warn' | 'error' {
  const isMissing = reason === 'rejected' && refreshToken === undefined
  // What fetch rejects with when the network fails.
  const isUnknown = reason === 'lost' && cause !== undefined && !(cause instanceof TypeError)
  return reason === 'misconfigured' || isMissing || isUnknown ? 'error' : 'warn'
}
