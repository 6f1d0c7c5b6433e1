import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it, onTestFinished, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { createOperations } from './support/provider/operations.ts'
import { seededRandom } from './support/provider/seeded-random.ts'
import { serveProvider } from './support/provider/serve-provider.ts'
import { openSoakTabs, type SoakTab } from './support/provider/soak-tabs.ts'
import { createTokenRequests } from './support/provider/token-requests.ts'

const seed = Number(process.env['REAUTH_SEED'] ?? Date.now() % 2 ** 31)
/** The longest pause between two operations; what they wait for overlaps. */
const pauseMs = 250
const accessTokenSeconds = 3
const refreshTimeoutMs = 1_000
const capMs = 3 * refreshTimeoutMs
/** Longer than the backoffs of some failures in a row, and than a tab is suspended. */
const graceMs = 30_000

it(`four tabs stay signed in at a real issuer over 600 random operations (REAUTH_SEED=${seed})`, async () => {
  const random = seededRandom(seed)
  const provider = await serveProvider({ accessTokenSeconds, graceMs })
  const requests = createTokenRequests(provider.origin, capMs, () => 300 + random() * 2_000)
  const tabs = openSoakTabs({ count: 4, random, requests, refreshTimeoutMs })
  const operations = createOperations({ provider, requests, tabs, seed })
  onTestFinished(async () => {
    for (const { tab } of tabs.all) tab.thaw()
    await tabs.end()
    await provider.close()
  })
  const [first] = tabs.all as [SoakTab]

  await operations.signIn(first, 'alice')
  const disposer = first.session.hold()
  const running: Promise<void>[] = []
  for (const operate of operations.all) {
    running.push(operate())
    await sleep(random() * pauseMs)
  }
  await Promise.all(running)
  expect(running).toHaveLength(600)
  disposer()
  requests.heal()
  // One that asked before another had refreshed may have had the token before that.
  const lastly = await vi.waitFor(
    async () => {
      const credentials = await Promise.all(tabs.all.map(taken))
      const named = credentials.map(({ epoch, version, accessToken }) => `${epoch}:${version} ${accessToken}`)
      expect(new Set(named).size).toBe(1)
      return credentials
    },
    { timeout: 45_000, interval: 250 },
  )

  expect(operations.problems).toEqual([])
  expect(requests.misuse).toEqual([])
  expect(provider.reuseDetected).toBe(0)
  expect(provider.refusals).toEqual([])
  for (const { session } of tabs.all)
    expect(session.state).toMatchObject({ status: 'active', version: lastly[0]?.version })
  expect(provider.refreshes).toBeGreaterThan(20)
  expect(requests.tally.lost).toBeGreaterThan(0)
  expect(operations.served).toBeGreaterThan(100)
  expect(await tabs.end(), 'timers, listeners and locks that are left').toBe(0)

  /** Returns the credential of a tab that the issuer takes; rejects as long as there is none, as after a failure. */
  async function taken(of: SoakTab): Promise<Credential> {
    const credential = await operations.request(of)
    if (credential === undefined) throw new Error('The issuer refuses every access token')
    return credential
  }
})
