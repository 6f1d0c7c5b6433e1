import { type Clock, createHarness, type Harness, type Issuer, type IssuerOptions } from '@reauth/testkit'
import { onTestFinished } from 'vitest'

import type { Credential } from '../../src/credential.ts'
import { memoryStorage } from '../../src/memory-storage.ts'
import { createSession, type Session } from '../../src/session.ts'
import type { SessionEvents } from '../../src/session-events.ts'
import type { SessionOptions } from '../../src/session-options.ts'
import type { TokenStorage } from '../../src/storage.ts'
import type { TraceEntry } from '../../src/trace.ts'
import { type Browser, createBrowser, type Page } from './page.ts'

/** How long an access token of a desk's issuer lives. */
export const lifetimeMs = 300_000

export interface DeskOptions extends Partial<SessionOptions> {
  issuing?: Omit<IssuerOptions, 'clock'>
}

/** Several sessions at one issuer, on a clock that stands still, that share one storage: restarts, tabs, or requests. */
export interface Desk {
  readonly clock: Clock
  readonly issuer: Issuer
  readonly storage: TokenStorage
  readonly browser: Browser
  readonly entries: TraceEntry[]
  readonly track: Harness['track']
  /** Opens a session in the storage. */
  open(options?: Partial<SessionOptions>): Session
  /** Opens one in a page of its own. */
  openTab(options?: Partial<SessionOptions>): { readonly session: Session; readonly page: Page }
  /** The levels and reasons of the warnings. */
  warnings(): string[]
}

/** Returns a desk. After the test its sessions are disposed, and everything has to be in order, see the testkit. */
export function createDesk({ issuing, storage = memoryStorage(), ...shared }: DeskOptions = {}): Desk {
  const { clock, issuer, track, verify } = createHarness(issuing)
  const browser = createBrowser(clock)
  const entries: TraceEntry[] = []
  const sessions: Session[] = []
  const pages: Page[] = []

  onTestFinished(async () => {
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
    await clock.advance(0)
    await verify()
    const left = pages.reduce((sum, { listening }) => sum + listening, browser.locking + browser.channels)
    if (left > 0) throw new Error(`${left} listeners, locks or channels are left`)
    for (const told of [...entries, ...browser.messages]) {
      if (issuer.isTokenIn(JSON.stringify(told))) throw new Error('A token stands in the trace or in a message')
    }
    const nameless = entries.find((entry) => entry.issuer !== issuer.origin)
    if (nameless !== undefined) throw new Error(`The trace does not name the issuer: ${JSON.stringify(nameless)}`)
  })

  function open(options: Partial<SessionOptions> = {}): Session {
    const session = createSession({
      refresh: issuer.refresh,
      issuer: issuer.origin,
      storage,
      platform: clock,
      trace: (entry) => entries.push(entry),
      ...shared,
      ...options,
    })
    sessions.push(session)
    return session
  }

  return {
    clock,
    issuer,
    storage,
    browser,
    entries,
    track,
    open,
    openTab(options = {}) {
      const page = browser.openPage()
      pages.push(page)
      return { page, session: open({ platform: page.platform, ...options }) }
    },
    warnings: () => entries.filter(({ type }) => type === 'warning').map(({ level, reason }) => `${level} ${reason}`),
  }
}

type Tab = ReturnType<Desk['openTab']>

/** Signs in in the first of some tabs, and lets the others hear of it. */
export async function openTabs(
  desk: Desk,
  count: number,
): Promise<{ first: Tab; others: Tab[]; all: Tab[]; credential: Credential }> {
  const first = desk.openTab()
  const others = Array.from({ length: count - 1 }, () => desk.openTab())
  await first.session.signIn(desk.issuer.signIn().tokens)
  await desk.clock.advance(0)
  return { first, others, all: [first, ...others], credential: await first.session.acquire() }
}

export const versions = (credentials: readonly Credential[]): number[] => credentials.map(({ version }) => version)

/** Remembers what a session tells of some types. */
export function listen(session: Session, ...types: (keyof SessionEvents)[]): string[] {
  const heard: string[] = []
  for (const type of types) session.on(type, () => heard.push(type))
  return heard
}
