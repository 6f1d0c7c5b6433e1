import { createClock } from '@reauth/testkit'
import type { Scheduler } from 'fast-check'
import { expect } from 'vitest'

import type { AcquireOptions, Credential } from '../../../src/credential.ts'
import type { Disposer } from '../../../src/disposer.ts'
import { isReauthError } from '../../../src/errors.ts'
import { createSession, type Session } from '../../../src/session.ts'
import { parseRecord, parseStamp } from '../../../src/session-record.ts'
import type { SessionState } from '../../../src/session-state.ts'
import { createChannels } from './channels.ts'
import { createSharedItems, type Mishap } from './shared-items.ts'
import { createTab, type Pause, type Tab } from './tab.ts'
import { createTabsIssuer, lifetimeMs, refreshTimeoutMs, type TabsOutcome } from './tabs-issuer.ts'
import { createWebLocks } from './web-locks.ts'

/** What a caller in one tab, the user, or the browser does next. `refuse` names a credential seen there, from the latest. */
export type TabStep =
  | { do: 'acquire' | 'early' | 'request' | 'refresh' | 'hold' | 'signOut' | 'expire' | 'revoke' }
  | { do: 'crash' | 'thaw' }
  | { do: 'signIn'; identity: 'alice' | 'bob' }
  | { do: 'refuse' | 'final'; back: number }
  | { do: 'pause'; how: Pause }
  | { do: 'fail'; mishap: Mishap }

export interface TabsWorldOptions {
  readonly scheduler: Scheduler
  readonly outcomes: readonly TabsOutcome[]
  readonly tabs: number
  /** Whether the storage compares and swaps by itself. */
  readonly isSwapping: boolean
  readonly isStrict: boolean
}

export interface TabsWorld {
  /** Takes a step in one of the tabs; throws where an invariant does not hold. Resolves early where the tab crashes. */
  take(place: number, step: TabStep): Promise<void>
  /** Lets time pass; the storage answers meanwhile. */
  advance(ms: number): Promise<void>
  thaw(): void
  /** Everybody agrees with the store and with each other; then nothing is left of anybody. */
  end(): Promise<void>
}

interface Page {
  readonly tab: Tab
  readonly session: Session
  readonly seen: Credential[]
  readonly holds: Disposer[]
  readonly refusedVersions: Set<string>
  /** The epochs that sign-ins of this page got when the store had another before. */
  readonly renumbered: Set<number>
}

/** A sign-in or a sign-out: who it leaves behind, and whether others were under way beside it. */
interface Move {
  readonly page: Page
  readonly leaves: string | undefined
  isDone: boolean
  isAlone: boolean
}

const stampOf = (state: SessionState): string => ('epoch' in state ? `${state.epoch}:${state.version}` : state.status)

/** Returns several tabs with one session over one storage, and the invariants of all of them. */
export function createTabsWorld(options: TabsWorldOptions): TabsWorld {
  const { scheduler, outcomes, isSwapping } = options
  // What is written without the lock may undo what is written with it, where nothing compares and swaps.
  const isStrict = options.isStrict && isSwapping
  const clock = createClock(0, { settle: answered })
  const issuer = createTabsIssuer(scheduler, outcomes, () => clock.now())
  const shared = createSharedItems(scheduler, isSwapping)
  const locks = createWebLocks(scheduler)
  const channels = createChannels(scheduler)
  const said: unknown[] = []
  const problems: string[] = []
  const moves: Move[] = []
  let wasExpired = false
  let hasFailed = false
  /** Whether a storage was told to fail: moves may be written at any later time, by whoever heard of them. */
  let isUnsure = false
  let tabIds = 0
  const pages = Array.from({ length: options.tabs }, open)

  /** No storage is so slow that its patience ends, unless it was told to be. */
  async function answered(): Promise<void> {
    await turn()
    while (shared.busy > 0 && scheduler.count() > 0) {
      // oxlint-disable-next-line no-await-in-loop
      await scheduler.waitOne()
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    }
  }

  function open(): Page {
    const tab: Tab = createTab(++tabIds, clock, {
      locks: { request: locks.requestFor(() => tab) },
      BroadcastChannel: channels.classFor(() => tab),
    })
    const refresh = issuer.refreshIn(tab, () => isWorking(page))
    const session = createSession({
      refresh: (context) => tab.gate(refresh(context)),
      storage: shared.storageFor(tab),
      platform: tab.platform,
      refreshTimeoutMs,
      expireWhenRefused: isStrict,
      trace: (entry) => said.push(entry),
    })
    const page: Page = { tab, session, seen: [], holds: [], refusedVersions: new Set(), renumbered: new Set() }
    let before = session.state
    session.subscribe(() => {
      judge(page, before, session.state)
      before = session.state
      said.push(before)
    })
    return page
  }

  /** Whether an access token has not lapsed and no server refused it, as far as this page can know. */
  function isWorking({ session, refusedVersions }: Page, state = session.state): boolean {
    if (state.status !== 'active' || refusedVersions.has(stampOf(state))) return false
    return state.expiresAt === undefined || clock.now() < state.expiresAt
  }

  /** I4 and I5: what may move the state where. */
  function judge(page: Page, from: SessionState, to: SessionState): void {
    const move = `tab ${page.tab.id}: ${from.status} → ${to.status}`
    const hasSignedOut = moves.some(({ leaves }) => leaves === undefined)
    if (to.status === 'signed-out' && from.status !== 'loading' && !hasSignedOut) {
      problems.push(`I5: ${move} without a sign-out`)
    }
    // An answer that nobody got says as much: what it rotated may be accepted once more, and is over all the same. So does
    // one that sign-ins at the same time have written over, where nothing compares and swaps.
    const isContested = !isSwapping && !moves.every(({ isAlone }) => isAlone)
    if (to.status === 'expired' && !wasExpired && !isStrict && issuer.verdicts === 0 && !hasFailed && !isContested) {
      problems.push(`I5: ${move} without a verdict`)
    }
    if ('epoch' in from && 'epoch' in to) {
      // What a storage has not taken is tried again, later.
      const mayMoveLater = !isSwapping || page.tab.isForgetful || page.tab.hasPaused
      const isMoving = moves.some(
        (one) => one.page === page && (mayMoveLater || !one.isDone) && one.leaves === to.identity,
      )
      if (to.epoch > from.epoch && isMoving) {
        page.renumbered.add(to.epoch)
        if (page.refusedVersions.has(stampOf(from))) page.refusedVersions.add(stampOf(to))
      }
      if (to.epoch < from.epoch) problems.push(`${move}: an epoch that is over`)
      if (to.epoch === from.epoch && to.version < from.version) problems.push(`${move}: an older version`)
      if (to.epoch === from.epoch && to.identity !== from.identity) problems.push(`I4: ${move}: somebody else's`)
    }
  }

  /** What is held belongs to whom it is shown as, whole and in one piece (I4, I9). */
  async function inspect({ session }: Page): Promise<void> {
    const { state } = session
    const tokens = await session.tokens()
    if (tokens === undefined || session.state !== state || (state.status !== 'active' && state.status !== 'expired'))
      return
    expect(tokens.refreshToken, 'I9: the refresh token').toBeDefined()
    expect(issuer.identityOf(tokens.accessToken), 'I4: whose tokens they are').toBe(state.identity)
  }

  async function obtain(page: Page, asked: AcquireOptions = {}): Promise<Credential | undefined> {
    const { session, seen, refusedVersions, renumbered } = page
    const { refused } = asked
    const before = session.state
    if (refused !== undefined && 'version' in before && refused.version === before.version) {
      refusedVersions.add(stampOf(before))
    }
    const wasWorking = isWorking(page)
    try {
      const credential = await session.acquire(asked)
      said.push({ ...credential, accessToken: undefined })
      seen.push(credential)
      expect(issuer.identityOf(credential.accessToken), 'I4: whose token it is').toBe(credential.identity)
      if (refused !== undefined) {
        expect(credential.identity, 'I4: the identity of a replay').toBe(refused.identity)
        if (!renumbered.has(credential.epoch)) expect(credential.epoch, 'I4: its epoch').toBe(refused.epoch)
        expect(credential.version, 'I2: a newer one').toBeGreaterThan(refused.version)
      }
      return credential
    } catch (error) {
      if (!isReauthError(error)) throw error
      said.push(error)
      const isSame = stampOf(before) === stampOf(session.state)
      if (error.name === 'RefreshError' && refused === undefined && wasWorking && isSame && isWorking(page)) {
        throw new Error('I6: a failed early refresh disturbed a token that works', { cause: error })
      }
      return undefined
    }
  }

  /** The whole of an adapter: two requests at the most (I3). */
  async function request(page: Page): Promise<void> {
    const send = async ({ accessToken }: Credential): Promise<boolean> => {
      await scheduler.schedule(Promise.resolve(), 'call')
      const isTaken = issuer.takes(accessToken)
      await page.tab.awake()
      return isTaken
    }
    const first = await obtain(page)
    if (first === undefined || (await send(first))) return
    const second = await obtain(page, { refused: first })
    if (second === undefined || (await send(second))) return
    expect(await obtain(page, { refused: second, final: true }), 'I3: what comes after two refusals').toBeUndefined()
  }

  async function moving(page: Page, leaves: string | undefined, act: () => Promise<void>): Promise<void> {
    const others = moves.filter(({ isDone }) => !isDone)
    for (const other of others) other.isAlone = false
    // What a storage has not taken is tried again, later.
    const isKept = !isUnsure && pages.every((one) => !one.tab.hasPaused)
    const move: Move = { page, leaves, isDone: false, isAlone: others.length === 0 && isKept }
    moves.push(move)
    await act()
    move.isDone = true
  }

  async function perform(page: Page, step: TabStep): Promise<unknown> {
    const { session, tab, seen, holds } = page
    switch (step.do) {
      case 'acquire':
        return obtain(page)
      case 'early':
        return obtain(page, { minValidityMs: lifetimeMs })
      case 'request':
        return request(page)
      case 'refresh':
        return session.refresh().catch((error: unknown) => said.push(error))
      case 'hold':
        return holds.length > 0 ? holds.pop()?.() : holds.push(session.hold({ onEnd: (error) => said.push(error) }))
      case 'expire':
        wasExpired = true
        return isSwapping && session.expire()
      case 'revoke':
        return issuer.revokeAccess((await session.tokens())?.accessToken)
      case 'signIn':
        return moving(page, step.identity, () => session.signIn(issuer.signIn(step.identity)))
      case 'signOut':
        return session.state.status === 'signed-out' || moving(page, undefined, () => session.signOut())
      case 'refuse':
      case 'final': {
        const refused = seen.at(-1 - step.back)
        return refused && obtain(page, { refused, final: step.do === 'final' })
      }
      case 'pause':
        return tab.pause(step.how)
      case 'fail':
        hasFailed = true
        isUnsure = true
        return shared.fail(tab, step.mishap)
      case 'thaw':
        return thaw()
      case 'crash': {
        hasFailed = true
        tab.crash()
        locks.free(tab)
        pages[pages.indexOf(page)] = open()
        return undefined
      }
      default:
        return step satisfies never
    }
  }

  function thaw(): void {
    for (const { tab } of pages) tab.thaw()
  }

  /** I4, I5: in the end, everybody is where the last of those who moved alone has left them. */
  function agree(): void {
    const found = parseRecord(shared.items.get('reauth'))
    // What was written beside a sign-out, without compare-and-swap, reads as absent; so does what a crash left there.
    const isOver =
      (!isSwapping || hasFailed) &&
      found !== undefined &&
      found.epoch <= parseStamp(shared.items.get('reauth.epoch')).epoch
    const record = isOver ? undefined : found
    const states = pages.map(({ session: { state } }) => state)
    const shown = states.map((state) => `${state.status} ${stampOf(state)}`)
    expect(new Set(shown).size, `one state in all tabs: ${shown.join(', ')}`).toBe(1)
    const [state] = states
    const isHeld = state?.status === 'active' || state?.status === 'expired'
    expect(record && `${record.epoch}:${record.version}`, 'what is stored').toBe(isHeld ? stampOf(state) : undefined)
    const last = moves.at(-1)
    if (last === undefined || !last.isDone || !last.isAlone || last.page.tab.isForgetful) return
    const { isCrashed, hasPaused } = last.page.tab
    // Without compare-and-swap, what is written at the same time, be it for a refresh, goes on being told apart later.
    if (!isSwapping && (hasFailed || issuer.calls > 0 || !moves.every(({ isAlone }) => isAlone))) return
    // To a page that stops, its storage seems to have failed.
    if (isCrashed && hasPaused) return
    expect(isHeld ? state.identity : undefined, 'I4: the last who signed in or out').toBe(last.leaves)
  }

  return {
    async take(place, step) {
      const page = pages[place % pages.length] as Page
      const isOfPage = step.do !== 'thaw' && step.do !== 'pause' && step.do !== 'crash'
      if (isOfPage) await Promise.race([page.tab.awake(), page.tab.crashed])
      if (page.tab.isCrashed) return
      const work = perform(page, step).then(() => (isOfPage ? inspect(page) : undefined))
      await Promise.race([work, page.tab.crashed])
      expect(problems).toEqual([])
    },
    advance: (ms) => clock.advance(ms),
    thaw,
    async end() {
      thaw()
      for (const { tab, holds } of pages) {
        for (const release of holds) release()
        tab.tell('pageshow')
      }
      // Past the longest backoff of a storage that failed, and once more for what that has told the others.
      for (let round = 0; round < 3; round++) {
        // oxlint-disable-next-line no-await-in-loop
        await scheduler.waitIdle()
        // oxlint-disable-next-line no-await-in-loop
        await clock.advance(100_000)
      }
      await scheduler.waitIdle()
      expect(problems).toEqual([])
      expect(issuer.misuse, 'I1').toEqual([])
      agree()
      if (moves.every(({ leaves }) => leaves !== undefined)) expect(shared.removals, 'I5: tokens removed').toBe(0)
      const disposed = pages.map(({ session }) => session[Symbol.asyncDispose]())
      await scheduler.waitIdle()
      await clock.advance(100_000)
      await scheduler.waitIdle()
      await Promise.all(disposed)
      const left = pages.map(({ tab }) => [tab.pending, tab.listening])
      expect(left, 'I7: timers and listeners').toEqual(pages.map(() => [0, 0]))
      expect(locks.size, 'I7: locks').toBe(0)
      expect(JSON.stringify([said, channels.posted]), 'I8').not.toContain('secret')
    },
  }
}

/** Lets promises settle. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
