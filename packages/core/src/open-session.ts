import { abortable } from './abortable.ts'
import type { Ask } from './asking.ts'
import type { AcquireOptions, Credential, CredentialSource } from './credential.ts'
import { type Disposer, disposer } from './disposer.ts'
import { createEmitter } from './emitter.ts'
import { type AuthenticationError, authenticationError, RefreshError } from './errors.ts'
import { createFates } from './fates.ts'
import { isFresh, isWorking } from './freshness.ts'
import { identityOf } from './identity.ts'
import { createKeeper } from './keeper.ts'
import { lifetimeOf } from './lifetime.ts'
import { originMatcher } from './origins.ts'
import { defaultPlatform } from './platform/platform.ts'
import { createRefresher } from './refresher.ts'
import { createSchedule } from './schedule.ts'
import type { SessionEvents } from './session-events.ts'
import { arrivalOf, type SessionHost } from './session-host.ts'
import { checkDurations, type SessionOptions } from './session-options.ts'
import { stampOf } from './session-record.ts'
import { createReporter } from './session-reporter.ts'
import {
  type Active,
  type Expired,
  type Holding,
  initial,
  isOf,
  isSignedIn,
  loading,
  type SessionEvent,
  type SessionState,
  transition,
} from './session-state.ts'
import { strategiesOf } from './strategies.ts'
import { type Hint, openTabs } from './tabs.ts'
import type { FlawOf, TokenSet } from './token-set.ts'

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

/** What differs where somebody else keeps the token. */
export interface Keeping {
  readonly flawOf: FlawOf
  /** For where somebody else may know who is signed in. */
  readonly ask?: Ask | undefined
}

/** Looks into the store again. For who hands out a session that was opened before. */
export const look: unique symbol = Symbol('look')

/** A session that can be told to. */
export interface Reread {
  [look](): void
  readonly [lifetimeOf]: AbortSignal
}

/** Opens a session, whoever keeps the token. */
export function openSession(options: SessionOptions, { flawOf, ask }: Keeping): Session & Reread {
  const {
    leewayMs = 30_000,
    refreshTimeoutMs = 30_000,
    expireWhenRefused = false,
    platform = defaultPlatform,
    identity: identify = identityOf,
    name = 'reauth',
    canPersist = true,
  } = options
  // Some web views have null for a localStorage.
  const storage = options.storage ?? undefined
  checkDurations({ leewayMs, refreshTimeoutMs })
  const origins = originMatcher(options.origins)
  const reporter = createReporter(options, platform)
  const { trace, tell } = reporter
  if (storage !== undefined && (storage.request ?? platform.locks ?? platform.events) === undefined) {
    throw new TypeError(unlocked)
  }
  const changes = createEmitter<[]>()
  /** What listeners are still to hear, in the order of the moves. */
  const news: (() => void)[] = []
  let holding: Holding = initial
  let period: AbortController | undefined
  /** What has to be known before anything is handed out: the first look at the store, or one after a sleep. */
  let barrier: Promise<void> | undefined
  let written: Promise<void> | undefined
  /** A frozen page still hears of others; what it began to read would never end, and keep everybody from writing. */
  let isAsleep = false
  const life = new AbortController()
  const lifetime = life.signal

  const tabs = openTabs(platform, name, storage, heard)
  const host: SessionHost = {
    ...reporter,
    name,
    platform,
    refreshTimeoutMs,
    capMs: 3 * refreshTimeoutMs,
    canPersist,
    strategies: strategiesOf(options.refresh),
    fates: createFates(),
    flawOf,
    // Some answer null for nobody.
    identity: (tokens) => identify(tokens) ?? undefined,
    tabs,
    get holding() {
      return holding
    },
    dispatch,
    lifetime,
  }
  // Not a spread: that would read `holding` once and for all.
  const keeper = storage && createKeeper(Object.assign(host, { storage }))
  const refresher = createRefresher(host, keeper)
  const schedule = createSchedule(host, refresher)
  const stops = [tabs.mute, changes.clear, reporter.clear]
  const pageEvents = {
    pageshow: wake,
    resume: wake,
    visibilitychange: reread,
    online: reread,
    pagehide: fallAsleep,
    freeze: fallAsleep,
  }
  for (const [type, listener] of Object.entries(pageEvents)) {
    platform.events?.addEventListener(type, listener, true)
    stops.push(() => platform.events?.removeEventListener(type, listener, true))
  }
  if ((keeper ?? ask) !== undefined) holding = loading
  wait(keeper?.open())

  function fallAsleep(): void {
    isAsleep = true
    keeper?.release()
  }

  function wake(): void {
    isAsleep = false
    reread()
  }

  /** Looks at the store and at the clock again: the page may have slept, and others may have gone on. */
  function reread(): void {
    if (!isAsleep) wait(keeper?.look())
    schedule.check()
  }

  /** Lets nobody have a credential before that is over. */
  function wait(until: Promise<void> | undefined): void {
    if (until === undefined) return
    const mine = abortable(until, lifetime)
      .catch(() => {})
      .then(() => {
        if (barrier === mine) barrier = undefined
      })
    barrier = mine
  }

  /**
   * Another tab has moved, or may have. Who shares no store with it goes by its word, and only for a sign-out; what came
   * in the same millisecond is told by its epoch.
   */
  function heard({ epoch = 0, signedOutAt = -Infinity }: Partial<Hint>): void {
    const signOut = (): void => {
      if (!isSignedIn(holding) || holding.receivedAt > signedOutAt) return
      const isBefore = holding.receivedAt < signedOutAt || (keeper === undefined && holding.epoch < epoch)
      if (!isBefore) return
      // No move of this page: whoever signs in after it counts.
      dispatch({ type: 'adopted', stored: { epoch: Math.max(epoch, holding.epoch), version: holding.version } })
      void keeper?.look()
    }
    if (keeper === undefined) signOut()
    else if (!isAsleep)
      wait(
        keeper
          .look()
          .then(() => written)
          .then(signOut),
      )
  }

  /** The only place where the state moves, and where its moving has effects. */
  function dispatch(event: SessionEvent): void {
    const asked = ask?.(event, host)
    if (asked !== undefined) return wait(asked)
    const before = holding
    const after = transition(before, event)
    if (after === before) return
    holding = after
    const { type } = event
    if (type === 'signed-in' || type === 'signed-out') {
      written = 'isRestored' in event ? keeper?.look() : keeper?.move()
      if (before.status === 'loading') wait(written)
    } else if (type === 'expired') void keeper?.tell()
    const end = type === 'rebased' ? undefined : endOf(before, after)
    const over = period
    if (end !== undefined || over?.signal.aborted === true) period = undefined
    if (isSignedIn(before) && end !== undefined) refresher.end(before, end)
    if (isSignedIn(after) && !isOf(before, after)) arrive(type, before, after)
    schedule.check()
    if (after.shown === before.shown) return
    // Listeners may move the state again: that is heard after everybody has heard of this.
    const waiting = news.push(() => {
      announce(event, before, after, end)
    })
    if (end !== undefined) over?.abort(end)
    if (waiting > 1) return
    for (let tellNext = news[0]; tellNext !== undefined; tellNext = news[0]) {
      changes.emit()
      tellNext()
      news.shift()
    }
  }

  function arrive(type: SessionEvent['type'], before: Holding, after: Active | Expired): void {
    const isSame = isSignedIn(before) && before.tokens.refreshToken === after.tokens.refreshToken
    // Two tabs may agree on another number for what this one is refreshing.
    const isRenumbered =
      isSame &&
      after.status === 'active' &&
      before.receivedAt === after.receivedAt &&
      before.tokens.accessToken === after.tokens.accessToken
    const isMoved = type === 'signed-in' || type === 'rebased' || (type === 'adopted' && isRenumbered)
    const isKept = isMoved && refresher.adopt(after)
    // Who waits for the very tokens that came again goes on waiting.
    if (!isSignedIn(before) || (isKept && isSame) || !refresher.isRenewing(before)) return
    refresher.end(before, outcomeFor(type, after), type === 'refreshed')
  }

  /** What those get who waited for a refresh, when other tokens came instead. */
  function outcomeFor(type: SessionEvent['type'], after: Active | Expired): Credential | Promise<Credential> | Error {
    if (after.status === 'expired') return after.error
    const isStale = type === 'adopted' && !isFresh(after, platform.now(), leewayMs)
    return isStale ? refresher.renew(after, 'stale') : after.credential
  }

  function announce(event: SessionEvent, before: Holding, after: Holding, end: AuthenticationError | undefined): void {
    const { epoch, version } = after
    if (end !== undefined) schedule.ended(before.status === 'active' ? end : undefined)
    if (after.status === 'active' && (version !== before.version || epoch !== before.epoch)) {
      schedule.arrived(after.credential, event.type === 'rebased' ? before.epoch : epoch)
    }
    if (event.type === 'refreshed') tell('refreshed', { epoch, version, reason: event.reason })
    else if (after.status === 'active' && (event.type === 'signed-in' || isAnother(event, before, after))) {
      const { status: _status, expiresAt: _expiresAt, ...signedIn } = after.shown
      tell('signed-in', signedIn)
    } else if (after.status === 'signed-out' && before.status !== 'loading') tell('signed-out', { epoch })
    else if (after.status === 'expired' && before.status === 'active') tell('expired', { error: after.error }, 'warn')
  }

  /** Where nothing is stored, nobody is asked before somebody wants to know. */
  function begin(): void {
    if (holding.status === 'loading' && barrier === undefined && !lifetime.aborted) {
      dispatch({ type: 'adopted', stored: initial })
    }
  }

  async function untilReady(): Promise<void> {
    begin()
    // oxlint-disable-next-line no-await-in-loop
    while (holding.status === 'loading' && !lifetime.aborted) await barrier
  }

  async function acquire(asked: AcquireOptions = {}): Promise<Credential> {
    begin()
    if (asked.signal?.aborted === true) throw asked.signal.reason
    const answer = barrier === undefined ? obtain(asked) : barrier.then(() => acquire(asked))
    return answer instanceof Promise ? abortable(answer, asked.signal) : answer
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
      if (lifetime.aborted || holding.status !== 'active' || holding.epoch !== held.epoch) throw error
      const now = platform.now()
      if (isFresh(holding, now, marginMs) || isWorking(holding, now)) return holding.credential
      throw error
    })
  }

  /** Returns the tokens that are held; throws where there are none to be had, or none of that epoch. */
  function heldTokens(of?: Credential): Active | Expired {
    lifetime.throwIfAborted()
    if (!isSignedIn(holding)) throw authenticationError('signed-out')
    if (of !== undefined && of.epoch !== holding.epoch) throw authenticationError('switched')
    return holding
  }

  /** Takes note of a refusal; throws where it is not worth a refresh. */
  function refuse(held: Active | Expired, version: number, isFinal: boolean): void {
    const now = platform.now()
    const isCurrent = version === held.version
    // One that lasts longer than any was noted by a clock that has been put right since.
    const struckMs = (held.notes.struckUntil ?? 0) - now
    const isStruck = isCurrent && struckMs > 0 && struckMs <= strikeMs
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
    get ready() {
      return untilReady()
    },
    trace,
    get state() {
      return holding.shown
    },
    get signal() {
      period ??= new AbortController()
      if (holding.status !== 'active') period.abort(holding.error ?? authenticationError('signed-out'))
      return period.signal
    },
    acquire,
    hold(asked = {}) {
      checkDurations({ refreshAheadMs: asked.refreshAheadMs ?? 0 })
      return schedule.hold(asked)
    },
    subscribe: (listener) => changes.add(listener),
    on(type, listener) {
      const stop = reporter.on(type, listener)
      schedule.check()
      return disposer(() => {
        stop()
        schedule.check()
      })
    },
    async signIn(tokens) {
      const flaw = flawOf(tokens)
      if (flaw !== undefined) throw new TypeError(`signIn() was given ${flaw}`)
      lifetime.throwIfAborted()
      dispatch(arrivalOf(tokens, host))
      await written
    },
    async signOut() {
      const signedOutAt = platform.now()
      dispatch({ type: 'signed-out' })
      const hint = { ...stampOf(holding), signedOutAt }
      await written
      tabs.tell(hint)
    },
    [look]: reread,
    [lifetimeOf]: lifetime,
    expire(cause) {
      dispatch({ type: 'expired', from: holding, error: authenticationError('expired', cause) })
    },
    async refresh() {
      // A person asks: others may know better than what was learned here.
      if (keeper !== undefined) await keeper.look()
      if (holding.status === 'loading') await untilReady()
      return refresher.renew(heldTokens(), 'asked')
    },
    async tokens() {
      begin()
      // No wait where there is nothing to wait for: what is asked for before a sign-out is given.
      if (barrier !== undefined) await (holding.status === 'loading' ? untilReady() : barrier)
      return isSignedIn(holding) ? { ...holding.tokens } : undefined
    },
    async [Symbol.asyncDispose]() {
      const error = new RefreshError('The session was disposed', { reason: 'disposed' })
      life.abort(error)
      if (isSignedIn(holding)) refresher.end(holding, error)
      schedule.stop()
      for (const stop of stops) stop()
      const ended = keeper?.end()
      await refresher.idle()
      await ended
      tabs.close()
    },
  }
}

const unlocked =
  'This storage has no lock; pass one with request(), as in @reauth/redis or @reauth/node, or memoryStorage()'

/** Whether a move came from elsewhere and is another sign-in. What was only loaded, or renumbered, is none. */
function isAnother({ type }: SessionEvent, before: Holding, after: Holding): boolean {
  return type === 'adopted' && before.status !== 'loading' && before.epoch !== after.epoch
}

/** Returns why what was waiting or in flight under one holding cannot go on under the next. */
function endOf(before: Holding, after: Holding): AuthenticationError | undefined {
  if (!isSignedIn(before)) return undefined
  if (!isSignedIn(after)) return authenticationError('signed-out')
  if (after.epoch !== before.epoch) return authenticationError('switched')
  return before.status === 'active' ? after.error : undefined
}
