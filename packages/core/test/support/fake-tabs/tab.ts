import type { Clock } from '@reauth/testkit'

import { deferred } from '../../../src/deferred.ts'
import type { PageEvents, Platform } from '../../../src/platform/platform.ts'

/** How a tab stops for a while: with the events of the page lifecycle, or without any, as under a debugger. */
export type Pause = 'freeze' | 'pagehide' | 'stall'

const resumption = { freeze: 'resume', pagehide: 'pageshow', stall: undefined } as const

/** One page: whatever comes to it from outside comes through `deliver`, and waits there while the page is frozen. */
export interface Tab {
  readonly id: number
  readonly isCrashed: boolean
  /** Whether it has ever stopped for a while. */
  readonly hasPaused: boolean
  /** Whether its storage has ever failed it. */
  readonly isForgetful: boolean
  /** The timers and the listeners that it has not given back. */
  readonly pending: number
  readonly listening: number
  readonly platform: Platform
  /** Resolves when it is gone for good. */
  readonly crashed: Promise<void>
  deliver(callback: () => void): void
  /** Returns a promise that settles as the given one does, when the page is awake. */
  gate<T>(outside: Promise<T>): Promise<T>
  /** Resolves when the page is awake. */
  awake(): Promise<void>
  pause(how: Pause): void
  thaw(): void
  forget(): void
  crash(): void
  tell(type: string): void
}

export function createTab(id: number, clock: Clock, ports: Pick<Platform, 'locks' | 'BroadcastChannel'>): Tab {
  const timers = new Set<unknown>()
  const listeners = new Map<string, Set<(event: object) => void>>()
  const gone = deferred<void>()
  let paused: Pause | undefined
  let late: (() => void)[] = []
  let isCrashed = false
  let isForgetful = false
  let hasPaused = false

  const listenersTo = (type: string): Set<(event: object) => void> => {
    const known = listeners.get(type) ?? new Set()
    listeners.set(type, known)
    return known
  }
  const events: PageEvents = {
    addEventListener: (type, listener) => void listenersTo(type).add(listener),
    removeEventListener: (type, listener) => void listenersTo(type).delete(listener),
  }
  const platform: Platform = {
    now: () => clock.now(),
    random: () => clock.random(),
    setTimeout(callback, ms) {
      const timer = clock.setTimeout(() => {
        tab.deliver(() => {
          if (timers.delete(timer)) callback()
        })
      }, ms)
      timers.add(timer)
      return timer
    },
    clearTimeout(timer) {
      timers.delete(timer)
      clock.clearTimeout(timer)
    },
    events,
    ...ports,
  }

  const tab: Tab = {
    id,
    platform,
    crashed: gone.promise,
    get isCrashed() {
      return isCrashed
    },
    get hasPaused() {
      return hasPaused
    },
    get isForgetful() {
      return isForgetful
    },
    get pending() {
      return timers.size
    },
    get listening() {
      return [...listeners.values()].reduce((sum, { size }) => sum + size, 0)
    },
    deliver(callback) {
      if (isCrashed) return
      if (paused === undefined) callback()
      else late.push(callback)
    },
    gate(outside) {
      return new Promise((resolve, reject) => {
        outside.then(
          (value) => {
            tab.deliver(() => {
              resolve(value)
            })
          },
          (error: unknown) => {
            tab.deliver(() => {
              reject(error)
            })
          },
        )
      })
    },
    awake: () => tab.gate(Promise.resolve()),
    pause(how) {
      if (isCrashed || paused !== undefined) return
      hasPaused = true
      if (how !== 'stall') tab.tell(how)
      paused = how
    },
    thaw() {
      if (isCrashed || paused === undefined) return
      const resumed = resumption[paused]
      paused = undefined
      if (resumed !== undefined) tab.tell(resumed)
      const backlog = late
      late = []
      for (const callback of backlog) tab.deliver(callback)
    },
    forget() {
      isForgetful = true
    },
    crash() {
      isCrashed = true
      for (const timer of timers) clock.clearTimeout(timer)
      late = []
      gone.resolve()
    },
    tell(type) {
      for (const listener of Array.from(listeners.get(type) ?? [])) listener({ type })
    },
  }
  return tab
}
