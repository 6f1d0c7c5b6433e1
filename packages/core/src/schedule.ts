import type { Credential, HoldOptions } from './credential.ts'
import { type Disposer, disposer } from './disposer.ts'
import { notify, present } from './emitter.ts'
import type { AuthenticationError } from './errors.ts'
import type { Refresher } from './refresher.ts'
import type { SessionHost } from './session-host.ts'
import { isSignedIn } from './session-state.ts'

/** What happens because time passes: the refresh ahead for those who hold, and the end of what cannot be refreshed. */
export interface Schedule {
  hold(options: HoldOptions): Disposer
  /** Looks at the clock again, since something changed. */
  check(): void
  /** Tells those who hold of a new version; `of` is the epoch that it continues, if that is another. */
  arrived(credential: Credential, of?: number): void
  /** Lets go of who held what is over, and tells them unless they know. */
  ended(error: AuthenticationError | undefined): void
  stop(): void
}

const defaultAheadMs = 300_000
/** The longest time between two looks at the clock, which may have been set, or asleep with the machine. */
const stepMs = 60_000
/** The shortest time between two refreshes ahead. */
const restMs = 1000

interface Held {
  readonly options: HoldOptions
  readonly aheadMs: number
  /** The sign-in that it belongs to; undefined until there is one. */
  epoch: number | undefined
}

export function createSchedule(host: SessionHost, refresher: Refresher): Schedule {
  const { platform } = host
  const holds = new Set<Held>()
  let timer: unknown
  let restedUntil = 0
  /** The version that the jitter is of, and whether `expiring` was told of it. */
  let current: { readonly version: number; readonly jitter: number; isTold: boolean } | undefined

  function check(): void {
    platform.clearTimeout(timer)
    const held = host.holding
    if (host.lifetime.aborted || held.status !== 'active' || held.credential.expiresAt === undefined) return
    const { version, receivedAt } = held
    const { expiresAt } = held.credential
    const now = platform.now()
    let windowMs = -1
    for (const { epoch = held.epoch, aheadMs } of holds)
      if (epoch === held.epoch) windowMs = Math.max(windowMs, aheadMs)
    const isHeld = windowMs >= 0
    const aheadMs = Math.min(isHeld ? windowMs : defaultAheadMs, (expiresAt - receivedAt) / 3)
    if (current?.version !== version) current = { version, jitter: platform.random() / 10, isTold: false }
    // Jitter only delays: never more than one refresh per two thirds of a lifetime.
    const wantedAt = expiresAt - aheadMs * (1 - current.jitter)
    let dueAt = Infinity
    if ((isHeld || host.isHeard('expiring')) && !current.isTold) {
      if (now < wantedAt) dueAt = wantedAt
      else {
        current.isTold = true
        host.tell('expiring', { expiresAt })
      }
    }
    const renewAt = Math.max(restedUntil, refresher.renewableAt(held, isHeld ? wantedAt : Infinity))
    if (now >= renewAt) {
      restedUntil = now + restMs
      void refresher.renew(held, 'stale').then(check, check)
      return
    }
    dueAt = Math.min(dueAt, renewAt)
    if (dueAt < Infinity) timer = platform.setTimeout(check, Math.min(stepMs, dueAt - now))
  }

  /** Of thousands that hold alike, one decides when to look. */
  function isCovered({ epoch, aheadMs }: Held): boolean {
    for (const other of holds) if (other.epoch === epoch && other.aheadMs >= aheadMs) return true
    return false
  }

  return {
    hold(options) {
      const held = host.holding
      const epoch = isSignedIn(held) ? held.epoch : undefined
      const entry: Held = { options, epoch, aheadMs: options.refreshAheadMs ?? defaultAheadMs }
      const isNews = !isCovered(entry)
      holds.add(entry)
      if (isNews) check()
      return disposer(() => {
        if (holds.delete(entry) && !isCovered(entry)) check()
      })
    },
    check,
    arrived(credential, of = credential.epoch) {
      for (const entry of present(holds)) {
        entry.epoch ??= of
        if (entry.epoch !== of) continue
        entry.epoch = credential.epoch
        notify(entry.options.onCredential, credential)
      }
      if (of !== credential.epoch) check()
    },
    ended(error) {
      const { epoch } = host.holding
      for (const entry of present(holds)) {
        if (entry.epoch !== epoch) holds.delete(entry)
        if (error !== undefined && entry.epoch !== undefined) notify(entry.options.onEnd, error)
      }
    },
    stop() {
      holds.clear()
      check()
    },
  }
}
