import { type AuthenticationError, backoff, type Credential, whenAborted, whenChanged } from '@reauth/core'

import { epochOf } from './credential.ts'
import { type Connected, dial } from './dial.ts'
import type { Sentence } from './judge.ts'
import { keepFresh, type KeepFreshOptions } from './keep-fresh.ts'
import type { Line } from './line.ts'
import { type HeartbeatOptions, type Liveness, watch } from './liveness.ts'
import type { Loss } from './loss.ts'
import { createOutbox, type Data, type Outbox, type OutboxOptions } from './outbox.ts'
import { followPage, isAway } from './page-life.ts'
import { after, over } from './timer.ts'

/** Why a connection is replaced. */
export type ReconnectReason =
  | 'lost'
  | 'refused'
  | 'unavailable'
  | 'expiring'
  | 'signed-in'
  | 'signed-out'
  | 'expired'
  | 'switched'
  | 'silent'
  | 'asked'

/** What is told of each loss. */
export interface Reconnecting {
  readonly reason: ReconnectReason
  /** How many tries failed before, since a connection worked. */
  readonly attempt: number
  /** How long until the next one; `Infinity` while it waits for a sign-in. */
  readonly delayMs: number
  /** The close code or the status that ended it, where there was one. */
  readonly code?: number | undefined
  readonly status?: number | undefined
}

/** How it ended, for good or until something changes. */
interface Ending extends Pick<Loss, 'code' | 'reason' | 'wasClean'> {
  readonly error?: unknown
}

/** Who hears of what happens. */
export interface Audience {
  opened(): void
  message(event: MessageEvent): void
  reconnecting(detail: Reconnecting): void
  undelivered(messages: readonly Data[]): void
  ended(ending: Ending): void
}

export interface SupervisorOptions extends KeepFreshOptions {
  readonly pauseWhenHidden: boolean
  readonly heartbeat: HeartbeatOptions
  readonly outbox: OutboxOptions
  /** Where it goes, for traces. */
  readonly origin: string | undefined
}

/**
 * Where a socket is. What a state starts ends with its `life`, and every continuation asks for it first: nothing of a
 * former state acts upon a later one.
 */
export type State = { readonly life: AbortController } & (
  | { readonly phase: 'dialling' | 'judging' | 'waiting' | 'paused' | 'closed' }
  | { readonly phase: 'open'; readonly connected: Connected; liveness?: Liveness }
  | { readonly phase: 'draining' | 'closing'; readonly line: Line | undefined }
)

type NextState = State extends infer Each ? (Each extends State ? Omit<Each, 'life'> : never) : never

/** Keeps a socket connected. */
export interface Supervisor {
  readonly state: State
  readonly outbox: Outbox
  send(data: Data): void
  close(code?: number, reason?: string): void
  reconnect(): void
}

/** How long the other end may take to close. */
const closingMs = 5000

/** Starts to connect. */
export function supervise(options: SupervisorOptions, audience: Audience): Supervisor {
  const { source, placement, judge } = options
  const outbox = createOutbox(options.outbox)
  let state: State = { phase: 'closed', life: new AbortController() }
  /** Whose messages wait in the outbox, as an epoch; 0 is nobody's. */
  let owner: number | undefined
  /** How many tries failed, and how many credentials were refused at once, since a connection worked. */
  let attempt = 0
  let refusals = 0
  /** What `Retry-After` asked for, in epoch ms. */
  let notBefore = 0
  let page = new AbortController()

  function enter(next: NextState): AbortSignal {
    const { life: former } = state
    const life = new AbortController()
    state = Object.assign(next, { life })
    former.abort(over)
    return life.signal
  }

  function start(): void {
    page = new AbortController()
    followPage({ woke, slept, left }, page.signal)
    attempt = refusals = 0
    retry(0)
  }

  function retry(delayMs: number): void {
    const waitMs = Math.max(delayMs, notBefore - Date.now())
    if (isAway(options.pauseWhenHidden)) enter({ phase: 'paused' })
    else if (waitMs > 0) after(waitMs, enter({ phase: 'waiting' }), dialNext)
    else dialNext()
  }

  function dialNext(isAnonymous = options.isAnonymous): AbortSignal {
    const signal = enter({ phase: 'dialling' })
    void dial({ ...options, isAnonymous }, signal).then((result) => {
      if (signal.aborted) drop(result)
      else if ('line' in result) open(result)
      else settle(result)
    })
    return signal
  }

  function open(connected: Connected): void {
    const { line, ends } = connected
    const here: Extract<NextState, { phase: 'open' }> = { phase: 'open', connected }
    const signal = enter(here)
    endWith(connected, signal)
    claim(line.credential?.epoch ?? 0)
    for (const data of outbox.take()) line.send(data)
    if (ends?.aborted !== true) audience.opened()
    if (signal.aborted) return
    const silent = (): void => {
      line.drop()
      settle({ isOpened: true, credential: line.credential }, line, 'silent')
    }
    const answer = keepFresh(line, options, signal, {
      silent,
      replace(reason) {
        drain(connected, undefined, () => {
          schedule(reason, jitter())
        })
      },
      handOver(next) {
        drain(connected, next, () => {
          open(next)
        })
      },
    })
    if (signal.aborted) return
    line.listen({
      message(event) {
        if (placement.asked?.(event) === true) answer()
        else audience.message(event)
      },
      lost(loss) {
        settle(loss, line)
      },
    })
    if (!signal.aborted) here.liveness = watch(line, options.transport, options.heartbeat, signal, silent)
  }

  /** Lets a connection end in peace, so that what is under way arrives on either side. */
  function drain(connected: Connected, next: Connected | undefined, then: () => void): void {
    const { line } = connected
    const signal = enter({ phase: 'draining', line })
    const abandon = (): void => {
      line.drop()
      next?.line.drop()
    }
    const drained = (): void => {
      signal.removeEventListener('abort', abandon)
      line.drop()
      handBack(line.unsent())
      if (signal.aborted) next?.line.drop()
      else then()
    }
    signal.addEventListener('abort', abandon)
    endWith(connected, signal)
    after(closingMs, signal, drained)
    line.listen({ message: audience.message, lost: drained })
    line.close(1000)
  }

  /** Ends a connection with the active period that it belongs to. */
  function endWith({ line, ends }: Connected, signal: AbortSignal): void {
    if (ends === undefined) return
    const leave = (): void => {
      line.close(1000)
      line.drop()
      handBack(line.unsent())
      awaitSignIn(ends.reason as AuthenticationError)
    }
    signal.addEventListener('abort', whenAborted(ends, leave))
    if (ends.aborted) leave()
  }

  /** Looks at how a connection ended, or why there is none. */
  function settle(loss: Loss, line?: Line, reason?: ReconnectReason): void {
    const signal = enter({ phase: 'judging' })
    if (loss.isProved === true) attempt = 0
    if (line !== undefined) handBack(line.unsent())
    void judge.judge(loss, signal).then((sentence) => {
      if (!signal.aborted) follow(sentence, loss, reason)
    })
  }

  function follow(sentence: Sentence, loss: Loss, reason: ReconnectReason | undefined): void {
    switch (sentence.is) {
      case 'again':
        notBefore = Date.now() + sentence.waitMs
        schedule(reason ?? sentence.why, Math.max(sentence.waitMs, backoff(attempt, options.backoff)), loss)
        attempt++
        return undefined
      case 'renewed':
        refusals = sentence.isEarly ? refusals + 1 : 1
        // Who was refused again and again, although there were messages, is in no hurry.
        return schedule('refused', refusals > 1 ? backoff(refusals, options.backoff) : jitter(), loss)
      case 'ended':
        return awaitSignIn(sentence.error, loss.credential !== undefined && options.isAnonymous)
      case 'misused':
        return finish({ error: sentence.error })
      case 'refused':
        return finish(
          { ...loss, code: 4401, error: sentence.error },
          ({ version }) => version !== loss.credential?.version,
        )
      case 'denied':
        return finish({ ...loss, code: 4403, error: sentence.error }, ({ epoch }) => epoch !== loss.credential?.epoch)
    }
  }

  /** Spreads those that lost their connections together; a wait they have not earned. */
  const jitter = (): number => backoff(0, options.backoff) - (options.backoff.minMs ?? 250)

  function schedule(reason: ReconnectReason, delayMs: number, loss: Partial<Loss> = {}): void {
    const { signal } = state.phase === 'judging' ? state.life : { signal: enter({ phase: 'waiting' }) }
    announce(reason, delayMs, loss)
    if (!signal.aborted) retry(delayMs)
  }

  function announce(reason: ReconnectReason, delayMs: number, { code, status, credential }: Partial<Loss> = {}): void {
    audience.reconnecting({ reason, attempt, delayMs, code, status })
    source.trace?.({
      type: 'reconnect',
      level: 'info',
      reason,
      ...(delayMs < Infinity && { ms: delayMs }),
      ...(credential !== undefined && { version: credential.version }),
      ...(options.origin !== undefined && { origin: options.origin }),
    })
  }

  function awaitSignIn(error: AuthenticationError | undefined, isAnonymous = options.isAnonymous): void {
    const signal = enter({ phase: 'paused' })
    disown()
    const reason = error?.reason ?? 'signed-out'
    const isWelcome = !source.signal.aborted || (isAnonymous && reason === 'signed-out')
    announce(reason, isWelcome ? 0 : Infinity)
    if (!signal.aborted) whenChanged(source, disown, dialNext(isAnonymous))
  }

  /** What was written for somebody who has signed out is sent for nobody else. */
  function disown(): void {
    if ((source.signal.reason as AuthenticationError | undefined)?.reason === 'signed-out') claim(undefined)
  }

  function claim(epoch: number | undefined): void {
    if (owner !== undefined && owner !== epoch) handBack(outbox.take())
    owner = epoch
  }

  function handBack(messages: readonly Data[]): void {
    if (messages.length > 0) audience.undelivered(messages)
  }

  /** Ends it, until a credential comes that may do better. */
  function finish(ending: Ending, isBetter?: (credential: Credential) => boolean): void {
    const signal = enter({ phase: 'closed' })
    page.abort(over)
    handBack(outbox.take())
    audience.ended(ending)
    if (signal.aborted || isBetter === undefined) return
    whenChanged(
      source,
      () => {
        if (source.signal.aborted) return
        source.acquire({ signal }).then(
          (credential) => {
            if (!signal.aborted && isBetter(credential)) start()
          },
          () => {},
        )
      },
      signal,
    )
  }

  function woke(isCertain: boolean): void {
    if (state.phase === 'open') state.liveness?.check(isCertain)
    else if (state.phase === 'waiting' || state.phase === 'paused') {
      attempt = 0
      retry(0)
    }
  }

  function slept(): void {
    if (state.phase === 'waiting' && isAway(options.pauseWhenHidden)) enter({ phase: 'paused' })
  }

  function left(): void {
    const line = lineOf(state)
    const signal = enter({ phase: 'paused' })
    line?.close(1000)
    line?.drop()
    if (line !== undefined) handBack(line.unsent())
    if (!signal.aborted) announce('lost', Infinity)
  }

  function close(code: number | undefined, reason: string | undefined): void {
    const connected = state.phase === 'open' ? state.connected : undefined
    page.abort(over)
    const signal = enter({ phase: 'closing', line: connected?.line })
    handBack(outbox.take())
    if (connected === undefined) {
      after(0, signal, () => {
        finish({ code: code ?? 1000, reason: reason ?? '', wasClean: true })
      })
      return
    }
    const { line } = connected
    const closed = (loss: Partial<Loss>): void => {
      line.drop()
      handBack(line.unsent())
      finish(loss)
    }
    line.listen({ message() {}, lost: closed })
    line.close(code, reason)
    after(closingMs, signal, () => {
      closed({})
    })
  }

  start()
  return {
    get state() {
      return state
    },
    outbox,
    send(data) {
      if (state.phase === 'open') state.connected.line.send(data)
      else if (state.phase === 'closing' || state.phase === 'closed') handBack([data])
      else {
        outbox.add(data)
        owner ??= epochOf(source)
      }
    },
    close(code, reason) {
      // What a newer credential would revive is over now, too.
      if (state.phase === 'closed') enter({ phase: 'closed' })
      else if (state.phase !== 'closing') close(code, reason)
    },
    reconnect() {
      if (state.phase === 'draining') return
      if (state.phase === 'open') {
        drain(state.connected, undefined, () => {
          schedule('asked', 0)
        })
        return
      }
      if (state.phase === 'closing') state.line?.drop()
      page.abort(over)
      start()
    },
  }
}

/** Returns the connection of a state, if it has one. */
export function lineOf(state: State): Line | undefined {
  if (state.phase === 'open') return state.connected.line
  return 'line' in state ? state.line : undefined
}

function drop(result: Connected | Loss): void {
  if ('line' in result) result.line.drop()
}
