import { abortable } from './abortable.ts'
import type { Credential } from './credential.ts'
import { type Deferred, deferred } from './deferred.ts'
import { AuthenticationError, authenticationError, isRefreshError, RefreshError } from './errors.ts'
import type { Turn } from './exclusion.ts'
import { type Failure, keyOf } from './fates.ts'
import { isWorking } from './freshness.ts'
import type { Keeper } from './keeper.ts'
import type { RefreshReason } from './session-events.ts'
import type { SessionHost } from './session-host.ts'
import { stampOf } from './session-record.ts'
import { type Active, type Expired, type Holding, isOf, isSignedIn, transition } from './session-state.ts'
import { timed } from './sleep.ts'
import { attempt, type Strategy } from './strategies.ts'
import type { TokenSet } from './token-set.ts'

/** The single flight: at most one refresh of a token set at a time, its success and its failure shared by all. */
export interface Refresher {
  /** Joins the refresh in flight, shares the failure of the last one while it cools down, or starts one. */
  renew(held: Active | Expired, reason: RefreshReason): Promise<Credential>
  /** Whether a refresh of these tokens is under way. */
  isRenewing(held: Active | Expired): boolean
  /** Leaves the tokens alone until then (epoch ms), as after a failed refresh. */
  rest(held: Active | Expired, error: AuthenticationError, until: number): void
  /**
   * When a refresh of tokens that work makes sense (epoch ms), if somebody wants it ahead; else, when there is a session
   * to be ended because they cannot be refreshed. Infinity is never.
   */
  renewableAt(held: Active, wantedAt: number): number
  /** Goes on for a sign-in that brought the refresh token which is being presented; returns whether it did. */
  adopt(held: Active | Expired): boolean
  /** Ends the waiting, not the request, unless that is over: its answer is still stored. */
  end(held: Active | Expired, outcome: Credential | Promise<Credential> | Error, isOver?: boolean): void
  /** Settles when no request is in flight. */
  idle(): Promise<unknown>
}

interface Flight {
  readonly key: string
  /** What it refreshes; a sign-in with the same refresh token takes its place. */
  of: Active | Expired
  waiting: Deferred<Credential>
  /** Why somebody waits for it who came after the others were told. */
  joined: RefreshReason | undefined
}

/** How far the clocks of those who share a storage may be apart. */
const slackMs = 60_000

/** Everybody may have left by the time it fails. */
function quiet<T>(): Deferred<T> {
  const made = deferred<T>()
  made.promise.catch(() => {})
  return made
}

/** The keeper is absent where the tokens live in this object alone. */
export function createRefresher(host: SessionHost, keeper: Keeper | undefined): Refresher {
  const { strategies, platform, refreshTimeoutMs, capMs, canPersist, fates } = host
  const flights = new Map<string, Flight>()
  const running = new Set<Promise<void>>()

  function renew(held: Active | Expired, reason: RefreshReason): Promise<Credential> {
    const key = keyOf(held)
    const joined = flights.get(key)
    if (joined !== undefined) {
      joined.joined = reason
      return joined.waiting.promise
    }
    const obstacle = obstacleOf(held, reason)
    const waiting = quiet<Credential>()
    if (obstacle !== undefined) {
      expireIfOver(held, obstacle)
      waiting.reject(obstacle)
      return waiting.promise
    }
    // No await between the look at the flights and this: that is what makes it a single flight.
    const mine: Flight = { key, of: held, waiting, joined: undefined }
    flights.set(key, mine)
    const done = run(mine, reason).finally(() => {
      land(mine)
      running.delete(done)
    })
    running.add(done)
    return waiting.promise
  }

  /** Who asks from now on asks for what is held by then; so does who has joined since others were told. */
  function land(mine: Flight): void {
    if (flights.get(mine.key) === mine) flights.delete(mine.key)
    const { joined, waiting } = mine
    const held = host.holding
    mine.joined = undefined
    if (joined !== undefined && isSignedIn(held) && !isStill(mine)) waiting.resolve(renew(held, joined))
  }

  /** Whether what it refreshes is still what is held: the same tokens, and not only the same numbers. */
  function isStill({ key, of }: Flight): boolean {
    return isOf(host.holding, of) && keyOf(host.holding) === key
  }

  const isUsable = ({ spends }: Strategy, held: Active | Expired): boolean =>
    spends === false || fates.of(held).dead !== true

  function obstacleOf(held: Active | Expired, reason: RefreshReason): RefreshError | AuthenticationError | undefined {
    if (!canPersist)
      return new RefreshError('Nothing is refreshed where canPersist is false', { reason: 'unavailable' })
    const { failure, lost } = fates.of(held)
    if (failure !== undefined) {
      // Presenting a token that may be spent is a risk not taken while the access token works.
      const isRisk = lost === true && reason !== 'asked' && works(held)
      if (platform.now() < endOf(failure, reason) || isRisk) return failure.error
    }
    if (strategies.some((strategy) => isUsable(strategy, held))) return undefined
    return failure?.error instanceof AuthenticationError
      ? failure.error
      : authenticationError('expired', failure?.error)
  }

  /** Returns until when the endpoint is left alone (epoch ms). */
  function endOf(failure: Failure | undefined, reason?: RefreshReason): number {
    // What is to come was noted by a clock that has been put right since.
    if (failure === undefined || failure.at > platform.now() + slackMs) return 0
    // A person who pressed a button skips the backoff, never what the issuer asked for.
    return reason === 'asked' ? failure.retryAt : Math.max(failure.until, failure.retryAt)
  }

  /** A rejected early refresh leaves a token alone that still lives; the session ends when that does. */
  function expireIfOver(from: Active | Expired, error: Error): void {
    if (error instanceof AuthenticationError && !works(host.holding)) host.dispatch({ type: 'expired', from, error })
  }

  const works = (held: Holding): boolean => held.status === 'active' && isWorking(held, platform.now())

  async function run(mine: Flight, reason: RefreshReason): Promise<void> {
    const giveUp = (): void => {
      mine.waiting.reject(
        new RefreshError(`The issuer did not answer in ${refreshTimeoutMs} ms`, { reason: 'unavailable' }),
      )
    }
    try {
      await timed(platform, refreshTimeoutMs, giveUp, () =>
        keeper === undefined
          ? present(mine, reason)
          : keeper.exclusively((turn, trouble) => present(mine, reason, turn, trouble)),
      )
    } catch (cause) {
      const error = isRefreshError(cause)
        ? cause
        : new RefreshError('The lock failed', { reason: 'unavailable', cause })
      if (error.reason !== 'disposed') report(mine, error)
    }
  }

  /** Presents the refresh token, and whatever comes of it is told. Never rejects. */
  async function present(mine: Flight, reason: RefreshReason, turn?: Turn, trouble?: RefreshError): Promise<void> {
    if (trouble !== undefined) return report(mine, trouble)
    const cap = new AbortController()
    const giveUp = (): void => {
      cap.abort(new RefreshError(`The issuer did not answer in ${capMs} ms`, { reason: 'lost', sent: true }))
    }
    try {
      await timed(platform, capMs, giveUp, () => tryEach(mine, reason, cap.signal, turn))
    } catch (error) {
      await fail(mine, error as RefreshError)
    }
  }

  /** Resolves once a strategy succeeded or the session moved on; rejects with the last failure. */
  async function tryEach(
    mine: Flight,
    reason: RefreshReason,
    signal: AbortSignal,
    turn: Turn | undefined,
  ): Promise<void> {
    let last: unknown
    // What others did and learned may have come with the lock.
    if (!isStill(mine)) return land(mine)
    const obstacle = turn && obstacleOf(mine.of, reason)
    if (obstacle !== undefined) return refuse(mine, obstacle)
    host.trace?.({ type: 'refresh-start', level: 'debug', reason, ...stampOf(mine.of) })
    // One after the other: each is tried only because the issuer rejected the one before.
    /* oxlint-disable no-await-in-loop */
    for (const strategy of strategies) {
      // Nobody's tokens are presented after a sign-out.
      if (!isStill(mine)) return land(mine)
      if (!isUsable(strategy, mine.of)) continue
      if (turn !== undefined && strategy.spends && (await keeper?.claim(mine.of, turn)) !== true) {
        return report(mine, new RefreshError('Somebody else has taken over', { reason: 'unavailable' }))
      }
      if (!isStill(mine)) return land(mine)
      // What comes after the cap still counts, if nothing else came first.
      const call = attempt(strategy, { tokens: { ...mine.of.tokens }, reason, signal }, host.flawOf).then(
        (answer) => store(mine, strategy, answer, reason),
        (error: RefreshError) => {
          if (error.reason === 'rejected') spend(mine, strategy)
          throw error
        },
      )
      try {
        return await abortable(call, signal)
      } catch (error) {
        last = error
        if ((error as RefreshError).reason !== 'rejected') break
        // A verdict on what was sent, not on what others may have stored since.
        await keeper?.tell()
      }
    }
    throw last
  }

  /** The refresh token has had its answer: it is never presented again, whatever sign-in brings it back. */
  function spend({ of }: Flight, { spends }: Strategy): void {
    if (spends !== false && of.tokens.refreshToken !== undefined) fates.add(of, { dead: true })
  }

  async function store(mine: Flight, strategy: Strategy, answer: TokenSet, reason: RefreshReason): Promise<void> {
    const { of: from } = mine
    // What an answer may leave out stays as it was (RFC 6749, sections 5.1 and 6), all but the lifetime.
    const { expiresInMs: _ms, expiresAt: _at, ...kept } = from.tokens
    const given = Object.entries(answer).filter(([, value]) => value !== undefined)
    const tokens: TokenSet = { ...kept, ...Object.fromEntries(given) }
    const known = from.credential.identity
    const identity = identityIn(tokens)
    if (known !== undefined && identity !== known) {
      spend(mine, strategy)
      throw new RefreshError('The answer is for another identity; sign out first', { reason: 'misconfigured' })
    }
    const isSpent = tokens.refreshToken !== from.tokens.refreshToken
    const close = (): void => {
      fates.add(from, { failure: undefined, lost: undefined, claim: undefined })
      if (isSpent) spend(mine, strategy)
    }
    // Nobody is told that a token is spent before its successor is stored.
    if (!isSpent) close()
    while (isStill(mine)) {
      const { of } = mine
      const event = { type: 'refreshed', from: of, tokens, identity, at: platform.now(), reason } as const
      // One after the other: a sign-in with the same refresh token, meanwhile, is what the answer is for.
      // oxlint-disable-next-line no-await-in-loop
      await keeper?.commit(transition(host.holding, event))
      if (mine.of !== of) continue
      if (isSpent) close()
      return host.dispatch(event)
    }
    if (isSpent) close()
    land(mine)
  }

  function identityIn(answer: TokenSet): string | undefined {
    try {
      return host.identity(answer)
    } catch (cause) {
      throw new RefreshError('identity() failed', { reason: 'misconfigured', cause })
    }
  }

  async function fail(mine: Flight, failure: RefreshError): Promise<void> {
    const at = platform.now()
    const error = failure.reason === 'rejected' ? authenticationError('expired', failure) : failure
    fates.fail(mine.of, {
      error,
      at,
      retryAt: at + (Number.isFinite(failure.retryAfterMs) ? (failure.retryAfterMs ?? 0) : 0),
      random: platform.random(),
    })
    await keeper?.tell()
    report(mine, failure, error)
  }

  /** What failed for one who has left, or was done by another tab meanwhile, concerns nobody. */
  function report(mine: Flight, failure: RefreshError, error: RefreshError | AuthenticationError = failure): void {
    if (isStill(mine)) host.tell('refresh-failed', { error: failure }, gravityOf(failure, mine.of.tokens))
    refuse(mine, error)
  }

  function refuse(mine: Flight, error: RefreshError | AuthenticationError): void {
    land(mine)
    if (isStill(mine)) expireIfOver(mine.of, error)
    mine.waiting.reject(error)
  }

  return {
    renew,
    renewableAt(held, wantedAt) {
      const { failure, lost } = fates.of(held)
      const { expiresAt = Infinity } = held.credential
      if (!strategies.some((strategy) => isUsable(strategy, held))) return expiresAt
      // Once one may be spent, it waits until the access token has lapsed.
      return canPersist ? Math.max(wantedAt, lost === true ? expiresAt : 0, endOf(failure)) : Infinity
    },
    isRenewing: (held) => flights.has(keyOf(held)),
    rest(held, error, until) {
      const failure = { attempts: 0, retryAt: 0, at: platform.now(), error, ...fates.of(held).failure }
      // A verdict of the issuer outranks that of an API.
      if (!(failure.error instanceof AuthenticationError)) failure.error = error
      fates.add(held, { failure: { ...failure, until } }, 0)
    },
    adopt(held) {
      const flight = flights.get(keyOf(held))
      if (flight !== undefined) flight.of = held
      return flight !== undefined
    },
    end(held, outcome, isOver) {
      const flight = flights.get(keyOf(held))
      if (flight === undefined) return
      const { waiting } = flight
      // Who asks from now on waits for what comes of the request.
      flight.waiting = quiet()
      flight.joined = undefined
      if (isOver === true) land(flight)
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
