import { abortable } from './abortable.ts'
import type { AcquireOptions, Credential, CredentialSource } from './credential.ts'
import type { Disposer } from './disposer.ts'
import { createEmitter } from './emitter.ts'
import { type AuthenticationError, authenticationError, RefreshError } from './errors.ts'
import { isFresh, isWorking } from './freshness.ts'
import { identityOf } from './identity.ts'
import { originMatcher } from './origins.ts'
import { defaultPlatform } from './platform/platform.ts'
import { createRefresher } from './refresher.ts'
import type { SessionEvents } from './session-events.ts'
import { checkDurations, type SessionOptions } from './session-options.ts'
import { createReporter } from './session-reporter.ts'
import {
  type Active,
  type Expired,
  type Holding,
  initial,
  type SessionEvent,
  type SessionState,
  transition,
} from './session-state.ts'
import { strategiesOf } from './strategies.ts'
import { flawOf, type TokenSet } from './token-set.ts'

/** One identity at one issuer: the owner of the tokens, for every transport. */
export interface Session extends CredentialSource {
  /** The same reference until something that it shows changes: fit for `useSyncExternalStore`. */
  readonly state: SessionState
  /** Resolves once the state is known. */
  readonly ready: Promise<void>
  subscribe(listener: () => void): Disposer
  on<Type extends keyof SessionEvents>(type: Type, listener: (event: SessionEvents[Type]) => void): Disposer
  /**
   * Takes the tokens of a sign-in; the state moves at once. Another identity than the one that is held, or an unknown
   * one, starts a new epoch. Rejects with a `TypeError` for what is no token set.
   */
  signIn(tokens: TokenSet): Promise<void>
  /** Forgets the tokens, at once. It wins over anything in flight. */
  signOut(): Promise<void>
  /** Says that the session cannot go on without a sign-in. The tokens stay, and the next `acquire` tries them. */
  expire(cause?: unknown): void
  /**
   * Refreshes because a person asked: skips the backoff, never the issuer's `Retry-After` nor its rejection. Rejects
   * with `AuthenticationError` or `RefreshError`.
   */
  refresh(): Promise<Credential>
  /** Returns a copy of the tokens; undefined when signed out. */
  tokens(): Promise<TokenSet | undefined>
  /** Ends every wait with a `RefreshError` of reason `disposed`, and resolves when no request is in flight. */
  [Symbol.asyncDispose](): Promise<void>
}

const strikeMs = 60_000

/** Creates a session. Throws a `TypeError` for options that cannot work. */
export function createSession(options: SessionOptions): Session {
  const {
    leewayMs = 30_000,
    refreshTimeoutMs = 30_000,
    expireWhenRefused = false,
    platform = defaultPlatform,
  } = options
  const { identity: identify = identityOf } = options
  // Some answer null for nobody.
  const identity = (tokens: TokenSet): string | undefined => identify(tokens) ?? undefined
  checkDurations({ leewayMs, refreshTimeoutMs })
  const origins = originMatcher(options.origins)
  const { trace, on, tell, clear } = createReporter(options, platform)
  const changes = createEmitter<[]>()
  const news: [SessionEvent, Holding][] = []
  let holding: Holding = initial
  let period: AbortController | undefined
  let disposal: Promise<unknown> | undefined

  const refresher = createRefresher({
    strategies: strategiesOf(options.refresh),
    platform,
    refreshTimeoutMs,
    identity,
    holding: () => holding,
    dispatch,
    started(reason) {
      const { epoch, version } = holding
      trace?.({ type: 'refresh-start', level: 'debug', reason, epoch, version })
    },
    failed(error, level) {
      tell('refresh-failed', { error }, level)
    },
  })

  /** The only place where the state moves, and where its moving has effects. */
  function dispatch(event: SessionEvent): void {
    const before = holding
    const after = transition(before, event)
    if (after === before) return
    holding = after
    const end = endOf(before, after)
    const over = period
    if (end !== undefined || over?.signal.aborted === true) period = undefined
    if (before.status !== 'signed-out' && end !== undefined) refresher.end(before, end)
    if (after.status === 'active' && after.version !== before.version) arrive(event, before, after)
    if (after.shown === before.shown) return
    // Listeners may move the state again: that is heard after everybody has heard of this.
    const isFirst = news.push([event, after]) === 1
    if (end !== undefined) over?.abort(end)
    if (isFirst) tellNews()
  }

  function arrive({ type }: SessionEvent, before: Holding, after: Active): void {
    const isAdopted = type === 'signed-in' && refresher.adopt(after)
    if (before.status === 'signed-out') return
    // Who waits for the very tokens that came again goes on waiting.
    if (isAdopted && before.tokens.refreshToken === after.tokens.refreshToken) return
    refresher.end(before, after.credential, type === 'refreshed')
  }

  function tellNews(): void {
    while (news[0] !== undefined) {
      changes.emit()
      announce(...news[0])
      news.shift()
    }
  }

  function announce(event: SessionEvent, { epoch, version, ...after }: Holding): void {
    if (event.type === 'signed-in') {
      tell('signed-in', { epoch, version, ...(event.identity !== undefined && { identity: event.identity }) })
    } else if (event.type === 'refreshed') tell('refreshed', { epoch, version, reason: event.reason })
    else if (event.type === 'signed-out') tell('signed-out', { epoch })
    else if (event.type === 'expired' && after.status === 'expired') tell('expired', { error: after.error }, 'warn')
  }

  function acquire(asked: AcquireOptions = {}): Promise<Credential> {
    try {
      if (asked.signal?.aborted === true) throw asked.signal.reason
      const answer = obtain(asked)
      return answer instanceof Promise ? abortable(answer, asked.signal) : Promise.resolve(answer)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function obtain({ refused, final = false, minValidityMs = 0 }: AcquireOptions): Credential | Promise<Credential> {
    if (refused !== undefined) refuse(heldTokens(refused), refused.version, final)
    // Once more: listeners have heard of the refusal, and may have signed out.
    const held = heldTokens(refused)
    if (refused?.version === held.version) return refresher.renew(held, 'refused')
    const marginMs = Math.max(leewayMs, minValidityMs || 0)
    // One that was refused is fit to send only as long as no better one is on its way.
    const isOnItsWay = held.notes.refused === true && refresher.isRenewing(held)
    if (held.status === 'active' && isFresh(held, platform.now(), marginMs) && !isOnItsWay) return held.credential
    return refresher.renew(held, 'stale').catch((error: unknown) => {
      // A failed early refresh does not disturb a token that still works, unless it is somebody else's by now.
      if (disposal !== undefined || holding.status !== 'active' || holding.epoch !== held.epoch) throw error
      const now = platform.now()
      if (isFresh(holding, now, marginMs) || isWorking(holding, now)) return holding.credential
      throw error
    })
  }

  /** Returns the tokens that are held; throws where there are none to be had, or none of that epoch. */
  function heldTokens(of?: Credential): Active | Expired {
    if (disposal !== undefined) throw disposedError()
    if (holding.status === 'signed-out') throw authenticationError('signed-out')
    if (of !== undefined && of.epoch !== holding.epoch) throw authenticationError('switched')
    return holding
  }

  /** Takes note of a refusal; throws where it is not worth a refresh. */
  function refuse(held: Active | Expired, version: number, isFinal: boolean): void {
    const now = platform.now()
    const isCurrent = version === held.version
    const isStruck = isCurrent && now < (held.notes.struckUntil ?? 0)
    if (isCurrent && !isFinal && held.notes.refused === undefined)
      dispatch({ type: 'noted', from: held, notes: { refused: true } })
    tell('refused', { version })
    if (!isFinal && !isStruck) return
    const error = authenticationError('refused')
    if (isFinal && isCurrent) strike(held, now + strikeMs, error)
    throw error
  }

  function strike(held: Active | Expired, until: number, error: AuthenticationError): void {
    dispatch({ type: 'noted', from: held, notes: { struckUntil: until } })
    if (!expireWhenRefused) return
    // The same cooldown for the revival, or every call would refresh only to be refused again.
    refresher.rest(held, error, until)
    dispatch({ type: 'expired', from: held, error })
  }

  return {
    origins,
    ready: Promise.resolve(),
    trace,
    get state() {
      return holding.shown
    },
    get signal() {
      if (period === undefined) {
        period = new AbortController()
        if (holding.status !== 'active')
          period.abort(holding.status === 'expired' ? holding.error : authenticationError('signed-out'))
      }
      return period.signal
    },
    acquire,
    subscribe: (listener) => changes.add(listener),
    on,
    async signIn(tokens) {
      const flaw = flawOf(tokens)
      if (flaw !== undefined) throw new TypeError(`signIn() was given ${flaw}`)
      if (disposal !== undefined) throw disposedError()
      dispatch({ type: 'signed-in', tokens: { ...tokens }, identity: identity(tokens), at: platform.now() })
    },
    async signOut() {
      dispatch({ type: 'signed-out' })
    },
    expire(cause) {
      if (holding.status === 'active')
        dispatch({ type: 'expired', from: holding, error: authenticationError('expired', cause) })
    },
    async refresh() {
      return refresher.renew(heldTokens(), 'asked')
    },
    async tokens() {
      return holding.status === 'signed-out' ? undefined : { ...holding.tokens }
    },
    async [Symbol.asyncDispose]() {
      disposal ??= refresher.idle()
      if (holding.status !== 'signed-out') refresher.end(holding, disposedError())
      changes.clear()
      clear()
      await disposal
    },
  }
}

/** Returns why what was waiting or in flight under one holding cannot go on under the next. */
function endOf(before: Holding, after: Holding): AuthenticationError | undefined {
  if (before.status === 'signed-out') return undefined
  if (after.status === 'signed-out') return authenticationError('signed-out')
  if (after.epoch !== before.epoch) return authenticationError('switched')
  return before.status === 'active' && after.status === 'expired' ? after.error : undefined
}

const disposedError = (): RefreshError => new RefreshError('The session was disposed', { reason: 'disposed' })
