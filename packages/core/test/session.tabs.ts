import { createIssuer, type Gate, hold } from '@reauth/testkit'
import { serve } from '@reauth/testkit/node'
import { type Browser, chromium, type Frame, type Page } from 'playwright'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import type { Credential } from '../src/credential.ts'
import { bundlePage } from './support/tabs/bundle-page.ts'
import { createTabs, type Tabs, type TabsOptions } from './support/tabs/create-tabs.ts'
import { servePage } from './support/tabs/page-server.ts'
import type { SessionPage } from './support/tabs/session-page.ts'
import type { Tab } from './support/tabs/tab.ts'
import type { TabsConfig } from './support/tabs/tabs-config.ts'

type Outcome = Awaited<ReturnType<SessionPage['acquire']>>
type Script = typeof globalThis &
  SessionPage & {
    /** What came of the last round. */
    round: Promise<Outcome>
    startRound(): void
    skipAhead(ms: number): void
    openGate(): void
  }

/** How often twenty tabs find their token lapsed; `REAUTH_TAB_ROUNDS=50` for more. */
const rounds = Number(process.env['REAUTH_TAB_ROUNDS'] ?? 10)
const storages = ['indexeddb', 'local'] as const
const refreshTimeoutMs = 2_000
/** For how long a request may be on its way before the others take it for lost. */
const capMs = 3 * refreshTimeoutMs

describe.each(storages)('twenty tabs that share %s', (storage) => {
  it(`refresh once when their token lapses, ${rounds} times over`, { timeout: 60_000 + rounds * 6_000 }, async () => {
    const lifetimeMs = 60_000
    const tabs = await createTabs({ storage, issuing: { accessTokenLifetimeMs: lifetimeMs } })
    const all = await openTabs(tabs, 20)
    const [first] = all as [Tab]
    for (const tab of all) await listenForRounds(tab)
    await first.signIn()
    await Promise.all(all.map((tab) => tab.acquire()))
    const failures: string[] = []
    const perRound: number[] = []
    const took: number[] = []

    for (let round = 1; round <= rounds; round++) {
      await Promise.all(all.map((tab) => tab.evaluate((ms) => (globalThis as Script).skipAhead(ms), lifetimeMs)))
      const { refreshes } = tabs.issuer
      const since = Date.now()
      await first.evaluate(() => {
        new BroadcastChannel('rounds').postMessage('go')
        ;(globalThis as Script).startRound()
      })
      const outcomes = await Promise.all(all.map((tab) => tab.evaluate(() => roundOf(globalThis as never))))
      took.push(Date.now() - since)
      perRound.push(tabs.issuer.refreshes - refreshes)
      for (const [number, outcome] of outcomes.entries()) {
        if ('error' in outcome) failures.push(`round ${round}, tab ${number}: ${JSON.stringify(outcome.error)}`)
      }
      const tokens = outcomes.map((outcome) => ('value' in outcome ? outcome.value.accessToken : undefined))
      expect(new Set(tokens.filter((token) => token !== undefined)).size, `access tokens of round ${round}`).toBe(1)
    }

    const [fastest, slowest] = [Math.min(...took), Math.max(...took)]
    console.log(`${storage}: ${rounds} rounds of ${fastest} to ${slowest} ms, ${failures.length} failures`)
    expect(failures).toEqual([])
    expect(perRound).toEqual(Array.from({ length: rounds }, () => 1))
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})
