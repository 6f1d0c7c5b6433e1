import { type AuthenticationError, backoff, whenChanged } from '@reauth/core'

import type { SocketOptions } from './socket-options.ts'
import { epochOf } from './credential.ts'
import { dial } from './dial.ts'
import { closeCodeOf, createJudge, type JudgeOptions, type Prospect } from './judge.ts'
import { keepFresh } from './keep-fresh.ts'
import type { Line, LineOptions } from './line.ts'
import { watch } from './liveness.ts'
import type { Loss } from './loss.ts'
import { createOutbox, type Data, type Outbox } from './outbox.ts'
import { followPage, isAway } from './page-life.ts'
import type { SocketTarget } from './socket-target.ts'
import type { Stage, State } from './stage.ts'
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

export interface SupervisorOptions
  extends
    LineOptions,
    JudgeOptions,
    Pick<SocketOptions, 'anonymous' | 'overlap' | 'pauseWhenHidden' | 'heartbeat' | 'outbox' | 'backoff'> {}

/** Keeps a socket connected. */
export interface Supervisor {
  readonly outbox: Outbox
  send(data: Data): void
  close(code?: number, reason?: string): void
  reconnect(): void
}

/** Starts to connect. */
export function supervise(target: SocketTarget, stage: Stage, options: SupervisorOptions): Supervisor {
  const { source, placement, backoff: waits = {} } = options
  /** Unless it is found out for each connection. */
  const { origin } = options.url as Partial<URL>
  const judge = createJudge(options)
  const outbox = createOutbox(options.outbox)
  /** How many tries failed, and how many credentials were refused at once, since a connection worked. */
  let attempt = 0
  let refusals = 0
  /** Whether it may connect where nobody is signed in; no longer once that was refused, until a connection opens. */
  let isAnonymous = options.anonymous
  /** What `Retry-After` asked for, in epoch ms. */
  let notBefore = 0
  /** What its author is being handed back. */
  let inHand: readonly Data[] = []
  /** From the start until nothing could bring it back but its owner. */
  let run = new AbortController()

  function start(): void {
    run.abort(over)
    run = new AbortController()
    whenChanged(source, changed, run.signal)
    followPage({ woke: (isCertain) => stage.state.woke?.(isCertain), left }, run.signal)
    isAnonymous = options.anonymous
    attempt = refusals = 0
    void connect(stage.enter({ phase: 'connecting' }))
  }

  async function connect(signal: AbortSignal, delayMs = 0): Promise<void> {
    await rest(delayMs, signal)
    if (signal.aborted) return
    const result = await dial(options, signal, isAnonymous)
    if (signal.aborted) return
    if ('socket' in result) open(result, stage.life)
    else settle(result)
  }

  /** Waits, and for as long as nobody could be reached. When the page wakes, only what the server asked for still counts. */
  function rest(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let dueAt = Math.max(Date.now() + delayMs, notBefore)
      const look = (): void => {
        const waitMs = dueAt - Date.now()
        if (waitMs === Infinity || isAway(options.pauseWhenHidden)) return
        if (waitMs > 0) after(waitMs, signal, due)
        else resolve()
      }
      // Whatever the clock says, which may have been set back.
      const due = (): void => {
        dueAt = 0
        look()
      }
      stage.state.woke = () => {
        attempt = 0
        dueAt = Math.min(dueAt, notBefore)
        look()
      }
      look()
    })
  }

  function open(line: Line, life: AbortController): void {
    handBack(outbox.claim(line.credential?.epoch ?? 0))
    if (life.signal.aborted) return
    const state: State = { phase: 'open', line }
    stage.enter(state, life)
    if (stage.state !== state) return
    const answer = keepFresh(line, options, () => {
      if (options.overlap === true) void makeNext(state, line)
      else replace('expiring')
    })
    state.woke = watch(line, options.transport, options.heartbeat ?? {})
    isAnonymous = options.anonymous
    for (const data of outbox.take()) line.send(data)
    target.tell('open')
    if (stage.state !== state) return
    follow(line, settle, answer)
    changed()
  }

  /** Hears what a line tells, until it is lost. */
  function follow(line: Line, lost: (loss: Loss) => unknown, answer?: () => void): void {
    line.listen({
      message(event) {
        if (placement.asked?.(event) === true) answer?.()
        else target.deliver(event)
      },
      lost(loss) {
        // An open line that was not misused has no other cause to end.
        if (loss.cause === undefined || loss.isMisuse === true) lost(loss)
        else awaitSignIn(loss.cause as AuthenticationError)
      },
    })
  }

  /** Lets a line end in peace, so that what is under way arrives on either side. */
  function drain(then: () => void): void {
    const line = stage.state.line!
    stage.enter({ phase: 'draining', line }, stage.life)
    follow(line, then)
    line.close(1000)
  }

  function replace(reason: ReconnectReason, delayMs = jitter()): void {
    drain(() => {
      goOn(stage.enter({ phase: 'connecting' }), reason, delayMs)
    })
  }

  /** Make before break: a line serves until the next one is there. */
  async function makeNext(state: State, line: Line): Promise<void> {
    const life = new AbortController()
    const { signal } = life
    line.whenOver(() => {
      if (stage.life !== life) life.abort(over)
    })
    const result = await dial(options, signal, isAnonymous)
    if (stage.state !== state) return life.abort(over)
    if ('socket' in result) {
      return drain(() => {
        open(result, life)
      })
    }
    const again = (): void => {
      if (stage.state === state) void makeNext(state, line)
    }
    judge.judge(result, signal).then(
      ({ waitMs }) => {
        after(Math.max(leaveAlone(waitMs), backoff(attempt++, waits)), signal, again)
      },
      () => {},
    )
  }

  /** Looks at how a connection ended, or why there is none. */
  function settle(loss: Loss): void {
    const signal = stage.enter({ phase: 'connecting' })
    if (loss.isProved === true) attempt = 0
    judge.judge(loss, signal).then(
      (prospect) => {
        if (!signal.aborted) retry(prospect, loss, signal)
      },
      (error: unknown) => {
        if (!signal.aborted) giveUp(error, loss)
      },
    )
  }

  /** Obeys who asks to be left alone. Returns for how long. */
  function leaveAlone(ms = 0): number {
    if (ms > 0) notBefore = Date.now() + ms
    return ms
  }

  function retry({ why, waitMs, isEarly }: Prospect, loss: Loss, signal: AbortSignal): void {
    if (why === 'refused') {
      refusals = isEarly === true ? refusals + 1 : 1
      // Who was refused again and again, although there were messages, is in no hurry.
      return goOn(signal, why, refusals > 1 ? backoff(refusals, waits) : jitter(), loss)
    }
    goOn(signal, loss.isSilent === true ? 'silent' : why, Math.max(leaveAlone(waitMs), backoff(attempt, waits)), loss)
    attempt++
  }

  function giveUp(error: unknown, loss: Loss): void {
    const code = closeCodeOf(error)
    if (code === undefined) return finish({}, error)
    // What the session said to all of its own is no refusal of this one.
    if (code === 4401 && (loss.cause !== undefined || (error as AuthenticationError).reason !== 'refused')) {
      isAnonymous &&= loss.credential !== undefined
      return awaitSignIn(error as AuthenticationError)
    }
    // A newer credential may open again what was refused, and another sign-in what was denied.
    const key = code === 4401 ? 'version' : 'epoch'
    finish({ ...loss, code }, error, (newer) => newer[key] !== loss.credential?.[key])
  }

  /** Spreads those that lost their connections together; a wait they have not earned. */
  const jitter = (): number => backoff(0, waits) - (waits.minMs ?? 250)

  /** Tells of a loss, and connects after a wait. */
  function goOn(
    signal: AbortSignal,
    reason: ReconnectReason,
    delayMs: number,
    { code, status, credential }: Partial<Loss> = {},
    waitMs = delayMs,
  ): void {
    target.tell('reconnecting', { reason, attempt, delayMs, code, status })
    source.trace?.({
      type: 'reconnect',
      level: 'info',
      reason,
      ...(delayMs < Infinity && { ms: delayMs }),
      ...(credential && { version: credential.version }),
      ...(origin && { origin }),
    })
    if (!signal.aborted) void connect(signal, waitMs)
  }

  function awaitSignIn({ reason }: AuthenticationError): void {
    const signal = stage.enter({ phase: 'connecting' })
    disown()
    const isWelcome = !source.signal.aborted || (isAnonymous === true && reason === 'signed-out')
    goOn(signal, reason, isWelcome ? 0 : Infinity, {}, 0)
  }

  function changed(): void {
    const { state, life } = stage
    disown()
    if (source.signal.aborted) return
    if (state.phase === 'open' && state.line.credential === undefined) replace('signed-in')
    if (state.phase !== 'closed') return
    source.acquire({ signal: life.signal }).then(
      (credential) => {
        if (!life.signal.aborted && state.isBetter?.(credential) === true) start()
      },
      () => {},
    )
  }

  /** What was written for somebody who has signed out is sent for nobody else. */
  function disown(): void {
    if ((source.signal.reason as AuthenticationError | undefined)?.reason === 'signed-out') handBack(outbox.claim())
  }

  function handBack(messages: readonly Data[]): void {
    if (messages.length === 0) return
    const before = inHand
    inHand = messages
    target.tell('undelivered', { messages })
    inHand = before
  }

  /** Ends it, until a credential comes that may do better. */
  function finish(ending: Partial<Loss>, error?: unknown, isBetter?: State['isBetter']): void {
    if (isBetter === undefined) run.abort(over)
    stage.enter({ phase: 'closed', isBetter })
    handBack(outbox.take())
    target.tellEnd(ending, error)
  }

  function left(): void {
    if (target.readyState < 2) goOn(stage.enter({ phase: 'connecting' }), 'lost', Infinity)
  }

  stage.left = (line) => {
    handBack(line.unsent())
  }
  start()
  return {
    outbox,
    send(data) {
      const { phase, line } = stage.state
      // What the other end closes takes nothing any more, whatever it says.
      if (phase === 'open' && line.socket.readyState < 2) line.send(data)
      else if (target.readyState < 2) outbox.add(data, epochOf(source))
      // Who sends anew what cannot be sent has it.
      else if (!inHand.includes(data)) handBack([data])
    },
    close(code, reason = '') {
      const { phase } = stage.state
      if (phase === 'closing') return
      // What a newer credential would revive is over now, too.
      run.abort(over)
      if (phase === 'closed') return void stage.enter({ phase })
      stage.close(code, reason, (loss) => {
        finish(loss ?? { code: code ?? 1000, reason, wasClean: true })
      })
      handBack(outbox.take())
    },
    reconnect() {
      const { phase } = stage.state
      if (phase === 'open') replace('asked', 0)
      else if (phase !== 'draining') start()
    },
  }
}
