import { setTimeout as sleep } from 'node:timers/promises'

import type { Clock } from '@reauth/testkit'
import type { Scheduler } from 'fast-check'

import { createSession, type Session } from '../../../src/session.ts'
import { createChannels } from '../fake-tabs/channels.ts'
import { createSharedItems } from '../fake-tabs/shared-items.ts'
import { createTab, type Pause, type Tab } from '../fake-tabs/tab.ts'
import { createWebLocks } from '../fake-tabs/web-locks.ts'
import type { TokenRequests } from './token-requests.ts'

/** One tab, in real time. */
export interface SoakTab {
  readonly tab: Tab
  readonly session: Session
  /** Stops the tab for a while. */
  suspend(how: Pause, ms: number): Promise<void>
}

/** Tabs of one origin in one process: they share a storage, locks and channels, each of which takes a moment. */
export interface SoakTabs {
  readonly all: readonly SoakTab[]
  /** Ends them all, and says what is left: timers, listeners, locks. */
  end(): Promise<number>
}

export function openSoakTabs({
  count,
  random,
  requests,
  refreshTimeoutMs,
}: {
  count: number
  random: () => number
  requests: TokenRequests
  refreshTimeoutMs: number
}): SoakTabs {
  const clock: Pick<Clock, 'now' | 'random' | 'setTimeout' | 'clearTimeout'> = {
    now: () => Date.now(),
    random,
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (timer) => {
      clearTimeout(timer as NodeJS.Timeout)
    },
  }
  // What fast-check lets happen in any order, time does here.
  const inTime = {
    schedule: async <T>(task: Promise<T>): Promise<T> => {
      await sleep(random() * 4)
      return task
    },
  } as unknown as Scheduler
  const shared = createSharedItems(inTime, true)
  const locks = createWebLocks(inTime)
  const channels = createChannels(inTime)

  const all = Array.from({ length: count }, (_, id): SoakTab => {
    const tab: Tab = createTab(id, clock as Clock, {
      locks: { request: locks.requestFor(() => tab) },
      BroadcastChannel: channels.classFor(() => tab),
    })
    let wokenAt = -Infinity
    const session = createSession({
      refresh: requests.refreshIn(tab, () => wokenAt),
      storage: shared.storageFor(tab),
      platform: tab.platform,
      refreshTimeoutMs,
    })
    return {
      tab,
      session,
      async suspend(how, ms) {
        tab.pause(how)
        await sleep(ms)
        wokenAt = Date.now()
        tab.thaw()
      },
    }
  })

  return {
    all,
    async end() {
      await Promise.all(all.map(({ session }) => session[Symbol.asyncDispose]()))
      return all.reduce((left, { tab }) => left + tab.pending + tab.listening, locks.size)
    },
  }
}
