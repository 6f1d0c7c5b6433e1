import { createSession, memoryStorage, type Session, type TraceEntry } from '@reauth/core'
import { createOAuth, type OAuth } from '@reauth/oauth'
import { expect, type TestContext, vi } from 'vitest'

import type { Settings } from '../src/contract.ts'
import { paths } from '../src/contract.ts'
import type { Issued } from '../src/server/issuer.ts'
import { type Demo, startDemo } from '../src/server/start-demo.ts'
import { createPerson, type Person } from './person.ts'

/** A demo of its own, and somebody at it who has no browser. */
export interface Servers {
  readonly demo: Demo
  readonly ada: Person
  readonly oauth: OAuth
  /** A session that is signed in as Ada, for all of the demo's origins. */
  readonly session: Session
  /** What the broker did. */
  readonly brokerTrace: readonly TraceEntry[]
  readonly issued: readonly Issued[]
  /** Presses a button of the page. */
  readonly press: <Answer>(path: string, body?: object) => Promise<Answer>
  readonly set: (settings: Partial<Settings>) => Promise<Settings>
}

interface ServersOptions {
  readonly accessTokenSeconds?: number
  /** How many refresh tokens are to come twice. @default 0 */
  readonly replays?: number | 'some'
}

/** Starts a demo for one test, and ends it with the test. */
export async function openServers(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  { accessTokenSeconds = 600, replays = 0 }: ServersOptions = {},
): Promise<Servers> {
  const issued: Issued[] = []
  const brokerTrace: TraceEntry[] = []
  const demo = await startDemo({
    accessTokenSeconds,
    hasPage: false,
    onIssued: (one) => issued.push(one),
    trace: (entry) => brokerTrace.push(entry),
  })
  const ada = createPerson(demo, 'ada')
  const oauth = createOAuth({
    issuer: demo.issuer,
    clientId: 'reauth-demo',
    redirectUri: demo.url,
    allowInsecureRequests: true,
    storage: memoryStorage(),
  })
  const session = createSession({
    refresh: oauth.refresh,
    origins: [new URL(demo.url).origin, ...Object.values(demo.services)],
  })
  onTestFinished(async () => {
    await session[Symbol.asyncDispose]()
    await demo.close()
    if (replays === 'some') expect(demo.counters.reuseDetected).toBeGreaterThan(0)
    else expect(demo.counters.reuseDetected).toBe(replays)
  })
  await session.signIn(await ada.signIn(oauth))

  async function press<Answer>(path: string, body?: object): Promise<Answer> {
    const response = await ada.fetch(demo.url + path.slice(1), {
      method: 'POST',
      ...(body && { body: JSON.stringify(body) }),
    })
    expect(response.status).toBe(200)
    return (await response.json()) as Answer
  }
  return { demo, ada, oauth, session, brokerTrace, issued, press, set: (settings) => press(paths.settings, settings) }
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 30_000, interval: 20 })
}
