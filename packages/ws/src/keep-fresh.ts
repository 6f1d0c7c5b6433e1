import { backoff, type BackoffOptions, type Credential, whenChanged } from '@reauth/core'

import { type Connected, dial, type DialOptions, patienceMs } from './dial.ts'
import type { Judge } from './judge.ts'
import type { Line } from './line.ts'
import { after, over } from './timer.ts'

export interface KeepFreshOptions extends DialOptions {
  readonly judge: Judge
  readonly overlap: boolean
  readonly backoff: BackoffOptions
}

/** What becomes of a line whose credential is not the newest any more. */
export interface Renewal {
  /** It has to be replaced by one that is made anew. */
  replace(reason: 'expiring' | 'signed-in'): void
  /** Another one is ready to take its place. */
  handOver(next: Connected): void
  /** The server has not taken the newer credential, nor refused it. */
  silent(): void
}

/** Follows the session's credential with an open line, before the server finds the old one lapsed. */
export function keepFresh(line: Line, options: KeepFreshOptions, signal: AbortSignal, renewal: Renewal): () => void {
  const { source, placement, overlap } = options
  let latest = line.credential
  let isMakingNext = false
  let repeating: Promise<void> | undefined

  function renewTo(credential: Credential): void {
    if (signal.aborted || latest === undefined || credential.version <= latest.version) return
    // What the server is closing already ends by its code.
    if (line.socket.readyState !== 1) return
    latest = credential
    if (placement.repeat === true) repeating ??= repeatAll()
    else if (!overlap) renewal.replace('expiring')
    else if (!isMakingNext) void makeNext()
  }

  /** One after the other, so that each acknowledgement is known to be its own. */
  async function repeatAll(): Promise<void> {
    for (let sent: Credential | undefined; sent !== latest && !signal.aborted;) {
      sent = latest
      await repeat(sent!)
    }
    repeating = undefined
  }

  async function repeat(credential: Credential): Promise<void> {
    const { message, acknowledged } = placement
    line.send(message!(credential))
    // Where nobody says so, a refusal may still be that of the old one, which costs no refresh.
    if (acknowledged === undefined) return
    const waiting = new AbortController()
    after(patienceMs, AbortSignal.any([signal, waiting.signal]), renewal.silent)
    const isTaken = await line.expect(acknowledged)
    waiting.abort(over)
    if (isTaken) line.credential = credential
  }

  /** Make before break: the old line serves until the new one is there. */
  async function makeNext(): Promise<void> {
    isMakingNext = true
    for (let tries = 0; !signal.aborted; tries++) {
      const result = await dial(options, signal)
      if ('line' in result) {
        if (signal.aborted) result.line.drop()
        else renewal.handOver(result)
        return
      }
      const { is } = await options.judge.judge(result, signal)
      if (is !== 'again' && is !== 'renewed') return
      await new Promise<void>((resolve) => {
        after(backoff(tries, options.backoff), signal, resolve)
      })
    }
  }

  /** The server asks: what is fresh is what it gets, be it the same. */
  function answer(): void {
    source.acquire({ signal }).then(
      (credential) => {
        latest = credential
        repeating ??= repeatAll()
      },
      () => {},
    )
  }

  if (latest === undefined) {
    const look = (): void => {
      if (!source.signal.aborted) renewal.replace('signed-in')
    }
    whenChanged(source, look, signal)
    look()
  } else {
    signal.addEventListener('abort', source.hold({ onCredential: renewTo }))
    // What came since the line was dialled is told to nobody.
    source.acquire().then(renewTo, () => {})
  }
  return answer
}
