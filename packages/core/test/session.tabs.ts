import { type Gate, hold, holdAnswer, type Issuer } from '@reauth/testkit'
import type { Frame, Page } from 'playwright'
import { describe, expect, it, vi } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { failureOf } from './support/failure-of.ts'
import { createTabs, type Tabs, type TabsOptions } from './support/tabs/create-tabs.ts'
import { closeGate, isLockHeld, openGate } from './support/tabs/held-page.ts'
import { embed, openElsewhere } from './support/tabs/open-elsewhere.ts'
import type { SessionPage } from './support/tabs/session-page.ts'
import type { Tab } from './support/tabs/tab.ts'

type Outcome = Awaited<ReturnType<SessionPage['acquire']>>
type Script = typeof globalThis &
  SessionPage & {
    /** What came of the last round. */
    round: Promise<Outcome>
    startRound(): void
  }

/** How often twenty tabs find their token lapsed. */
const rounds = Number(process.env['REAUTH_TAB_ROUNDS'] ?? 50)
const storages = ['indexeddb', 'local'] as const
const lifetimeMs = 300_000
const refreshTimeoutMs = 2_000
/** For how long a request may be on its way before the others take it for lost. */
const capMs = 3 * refreshTimeoutMs
/** Within which the others go on: that, and a wait for the lock; twice that wait, since timers of hidden tabs are late. */
const boundMs = capMs + 2 * refreshTimeoutMs
const graceMs = 60_000

describe.each(storages)('twenty tabs that share %s', (storage) => {
  it(`refresh once when their token lapses, ${rounds} times over`, async () => {
    const tabs = await createTabs({ storage, issuing: { accessTokenLifetimeMs: lifetimeMs } })
    const all = await openTabs(tabs, 20)
    const [first] = all as [Tab]
    for (const tab of all) await tab.evaluate(listenForRounds)
    await first.signIn()
    await Promise.all(all.map((tab) => tab.acquire()))

    for (let round = 1; round <= rounds; round++) {
      await Promise.all(all.map((tab) => tab.skipAhead(lifetimeMs)))
      await first.evaluate(() => {
        // oxlint-disable-next-line require-post-message-target-origin
        new BroadcastChannel('rounds').postMessage('go')
        ;(globalThis as Script).startRound()
      })
      const outcomes = await Promise.all(all.map((tab) => tab.evaluate(() => (globalThis as Script).round)))
      const failures = outcomes.filter((outcome) => 'error' in outcome)
      expect(failures, `round ${round}`).toEqual([])
      const tokens = outcomes.map((outcome) => 'value' in outcome && outcome.value.accessToken)
      expect(new Set(tokens).size, `access tokens of round ${round}`).toBe(1)
      expect(tabs.issuer.tokenPosts, `requests up to round ${round}`).toBe(round)
    }
    expect(tabs.issuer.refreshes).toBe(rounds)
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

/** What a tab meets that is gone then. */
const ends = ['close', 'crash', 'reload'] as const
/** What it comes back from as it was, and how: a page that is told of it, or is not. */
const told = [
  ['freeze', 'unfreeze'],
  ['navigateAway', 'goBack'],
] as const
const stops = [
  ['freeze', 'unfreeze'],
  ['stall', 'unstall'],
] as const
const pauses = [...told, stops[1]] as const

describe.each(ends)('the others, when the tab that holds the lock meets a %s', (end) => {
  it('go on, if nothing was sent', async () => {
    const { tabs, holder, others } = await signedIn()
    await stopUnderLock(holder, others)
    await holder[end]()
    await goOn(others)
    expect(tabs.issuer.tokenPosts).toBe(1)
    expect(tabs.issuer.reuseDetected).toBe(0)
  })

  it('go on, if its request was on the way', async () => {
    const { tabs, holder, others } = await signedIn()
    await send(holder, tabs, hold())
    await holder[end]()
    await goOn(others)
    expect([tabs.issuer.tokenPosts, tabs.issuer.refreshes]).toEqual([2, 1])
    expect(tabs.issuer.reuseDetected).toBe(0)
  })

  it('go on by the grace of the issuer, if the answer was on the way', async () => {
    const { tabs, holder, others } = await signedIn({ issuing: { graceMs } })
    await send(holder, tabs, holdAnswer())
    await holder[end]()
    await goOn(others)
    expect([tabs.issuer.tokenPosts, tabs.issuer.refreshes, tabs.issuer.graced]).toEqual([2, 1, 1])
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

describe.each(pauses)('the others, when the tab that holds the lock meets a %s', (pause, comeBack) => {
  it('go on, if nothing was sent, and it adopts their token later', async () => {
    const { tabs, holder, others } = await signedIn()
    await stopUnderLock(holder, others)
    await holder[pause]()
    const accessToken = await goOn(others)
    await holder[comeBack]()
    await holder.evaluate(openGate)
    await expectSoon(() => tokenOf(holder)).toBe(accessToken)
    expect(tabs.issuer.tokenPosts).toBe(1)
    expect(tabs.issuer.reuseDetected).toBe(0)
  })

  it('adopt its token, if its request was on the way and it is back in time', async () => {
    const { tabs, holder, others } = await signedIn()
    const gate = await send(holder, tabs, hold())
    await holder[pause]()
    // A page in the back/forward cache is thrown out of it for what others want, and its answer is lost.
    const asking = pause === 'navigateAway' ? [] : others
    const asked = asking.map((other) => other.acquire({ refused: other.held }).catch(() => undefined))
    gate.release()
    await expectSoon(() => tabs.issuer.refreshes).toBe(1)
    await holder[comeBack]()
    await expectSoon(() => tokenOf(holder)).not.toBe(others[0].held.accessToken)
    expect(await goOn(others)).toBe(await tokenOf(holder))
    await Promise.all(asked)
    expect(tabs.issuer.tokenPosts).toBe(1)
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

describe.each(stops)('the others, when a tab meets a %s for long with its request on the way', (pause, comeBack) => {
  it('leave its refresh token alone while it may be answered, then go on by the grace of the issuer', async () => {
    const { tabs, holder, others } = await signedIn({ issuing: { graceMs }, givesUp: true })
    const gate = await send(holder, tabs, hold())
    await holder[pause]()
    const failures = await Promise.all(others.map((other) => failureOf(other.acquire({ refused: other.held }))))
    expect(failures).toMatchObject([{ reason: 'unavailable' }, { reason: 'unavailable' }])
    expect(tabs.issuer.tokenPosts).toBe(1)

    const accessToken = await goOn(others)
    gate.release()
    await expectSoon(() => tabs.issuer.graced).toBe(1)
    await holder[comeBack]()
    await expectSoon(() => tokenOf(holder)).toBe(accessToken)
    expect([tabs.issuer.tokenPosts, tabs.issuer.refreshes]).toEqual([2, 1])
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

describe('the others, when a tab goes to the back/forward cache with its request on the way', () => {
  it('throw it out of there, and go on by the grace of the issuer', async () => {
    const { tabs, holder, others } = await signedIn({ issuing: { graceMs } })
    await send(holder, tabs, holdAnswer())
    await holder.navigateAway()
    const accessToken = await goOn(others)
    expect(await holder.goBack()).toEqual({ persisted: false })
    await expectSoon(() => tokenOf(holder)).toBe(accessToken)
    expect([tabs.issuer.tokenPosts, tabs.issuer.refreshes, tabs.issuer.graced]).toEqual([2, 1, 1])
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

describe.each(storages)('tabs that share %s', (storage) => {
  it('hear of a sign-out in one of them, and of the next sign-in', async () => {
    const { holder, others } = await signedIn({ storage })
    const [one, other] = others
    await one.signOut()
    for (const tab of [holder, other]) await expectSoon(() => statusOf(tab)).toBe('signed-out')
    await other.signIn({ identity: 'bob' })
    for (const tab of [holder, one]) {
      await expectSoon(() => tab.state()).toMatchObject({ status: 'active', identity: 'https://issuer.test#bob' })
    }
  })

  it.each(told)('hear of a sign-out after a %s, before they hand out a token', async (pause, comeBack) => {
    const { holder, others } = await signedIn({ storage })
    await holder[pause]()
    await others[0].signOut()
    await holder[comeBack]()
    await expectSoon(() => statusOf(holder)).toBe('signed-out')
    await expect(holder.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
  })

  it('survive twenty reloads in a row with one refresh each', async () => {
    const tabs = await createTabs({ storage, issuing: { accessTokenLifetimeMs: lifetimeMs } })
    const tab = await tabs.open()
    await tab.signIn()
    for (let reload = 1; reload <= 20; reload++) {
      await tab.skipAhead(lifetimeMs)
      await tab.reload()
      await tab.evaluate(() => (globalThis as Script).session.ready)
      expect(await statusOf(tab), `after reload ${reload}`).toBe('active')
      await Promise.all([tab.acquire(), tab.acquire(), tab.acquire()])
      expect(tabs.issuer.tokenPosts, `requests up to reload ${reload}`).toBe(reload)
    }
    expect(tabs.issuer.refreshes).toBe(20)
    expect(tabs.issuer.reuseDetected).toBe(0)
  })
})

describe('a page', () => {
  it('goes on in memory where localStorage may not be read', async () => {
    const tabs = await createTabs({ storage: 'local' })
    const tab = await tabs.open()
    await tab.page.addInitScript(() => {
      Storage.prototype.getItem = () => {
        throw new Error('Denied')
      }
    })
    await tab.reload()
    await tab.signIn()
    await tab.refresh()
    expect(tabs.issuer.check((await tab.acquire()).accessToken ?? '')).toBe('ok')
    expect(await tracedOf(tab.page, 'persist-failed')).toHaveLength(1)
  })

  it.each(storages)('in a frame of another site has a session of its own with %s', async (storage) => {
    const tabs = await createTabs({ storage })
    const tab = await tabs.open()
    await tab.signIn()
    const { accessToken } = await tab.acquire()
    const host = await tabs.open()
    const frame = await embed(host.page, tabs.origin)
    await signInAndRefresh(frame, tabs.issuer)
    expect(await tokenOf(tab)).toBe(accessToken)
  })

  it('in a frame of another site goes on in memory where every storage throws', async () => {
    const { page, issuer, origin } = await openElsewhere({ storage: 'indexeddb' })
    const frame = await embed(page, origin)
    const nameOfError = await frame.evaluate(() => {
      try {
        return String(localStorage)
      } catch (error) {
        return (error as Error).name
      }
    })
    expect(nameOfError).toBe('SecurityError')
    await signInAndRefresh(frame, issuer)
    expect((await tracedOf(frame, 'persist-failed')).length).toBeGreaterThan(0)
  })

  it.each(storages)('of plain http works with %s and one warning', async (storage) => {
    const args = ['--host-resolver-rules=MAP lan.test 127.0.0.1']
    const { page, issuer, origin } = await openElsewhere({ args, storage })
    await page.goto(origin.replace('127.0.0.1', 'lan.test'))
    expect(await page.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false])
    await signInAndRefresh(page, issuer)
    await page.reload()
    expect(await page.evaluate(() => (globalThis as Script).acquire())).toHaveProperty('value')
    expect(issuer.tokenPosts).toBe(1)
    const warnings = await tracedOf(page, 'warning')
    expect(warnings).toEqual([expect.objectContaining({ reason: 'no-lock', level: 'warn' })])
  })
})

interface Other extends Tab {
  readonly held: Credential
}

/** Signs in one tab of three; the other two have its credential. */
async function signedIn(options: TabsOptions = {}): Promise<{ tabs: Tabs; holder: Tab; others: [Other, Other] }> {
  const tabs = await createTabs({ ...options, options: { refreshTimeoutMs } })
  const [holder, ...rest] = (await openTabs(tabs, 3)) as [Tab, Tab, Tab]
  await holder.signIn()
  const others: Other[] = []
  for (const tab of rest) others.push({ ...tab, held: await tab.acquire() })
  return { tabs, holder, others: others as [Other, Other] }
}

/** Lets a tab take the lock and get no further: it cannot read what is stored. */
async function stopUnderLock(holder: Tab, [other]: readonly [Other, Other]): Promise<void> {
  await holder.evaluate(closeGate)
  holder.acquire({ refused: other.held }).catch(() => {})
  await expectSoon(() => other.evaluate(isLockHeld)).toBe(true)
}

/** Lets a tab refresh, and resolves when the issuer has its request. */
async function send(holder: Tab, { issuer }: Tabs, gate: Gate): Promise<Gate> {
  issuer.faults.next(gate)
  holder.refresh().catch(() => {})
  await gate.arrived
  return gate
}

/** Asks in each tab for a newer credential than the one it has, until there is one: the same for all. */
async function goOn(others: readonly Other[]): Promise<string | undefined> {
  const tokens = await Promise.all(
    others.map((other) =>
      vi.waitFor(async () => (await other.acquire({ refused: other.held })).accessToken, {
        timeout: boundMs,
        interval: 100,
      }),
    ),
  )
  const [token, ...rest] = new Set(tokens)
  expect(rest).toEqual([])
  return token
}

/** What will be within the bound. */
function expectSoon<T>(find: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(find, { timeout: boundMs })
}

async function openTabs(tabs: Tabs, count: number): Promise<Tab[]> {
  const opened: Tab[] = []
  for (let index = 0; index < count; index++) opened.push(await tabs.open())
  return opened
}

const statusOf = async (tab: Tab): Promise<string> => (await tab.state()).status
const tokenOf = (tab: Tab): Promise<string | undefined> =>
  tab.evaluate(async () => (await (globalThis as Script).session.tokens())?.accessToken)

const tracedOf = (page: Page | Frame, type: string): Promise<SessionPage['traced']> =>
  page.evaluate((wanted) => (globalThis as Script).traced.filter((entry) => entry.type === wanted), type)

/** Makes a tab ask for a credential as soon as another says so. */
function listenForRounds(): void {
  const page = globalThis as Script
  page.startRound = () => {
    page.round = page.acquire()
  }
  const channel = new BroadcastChannel('rounds')
  channel.addEventListener('message', () => {
    page.startRound()
  })
  // Else it is collected.
  Object.assign(page, { channel })
}

/** Signs in in a page or frame that knows nobody, and refreshes once. */
async function signInAndRefresh(page: Page | Frame, issuer: Issuer): Promise<void> {
  expect(await page.evaluate(async () => (await (globalThis as Script).session.tokens()) ?? 'nobody')).toBe('nobody')
  await page.evaluate((given) => (globalThis as Script).session.signIn(given), issuer.signIn().tokens)
  const { refreshes } = issuer
  expect(await page.evaluate(() => (globalThis as Script).refresh())).toHaveProperty('value')
  expect(issuer.refreshes - refreshes).toBe(1)
  const outcome = await page.evaluate(() => (globalThis as Script).acquire())
  if ('error' in outcome) throw new Error(JSON.stringify(outcome.error))
  expect(issuer.check(outcome.value.accessToken ?? '')).toBe('ok')
}
