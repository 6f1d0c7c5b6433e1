import type { Issuer } from '@reauth/testkit'
import type { CDPSession, Page } from 'playwright'

import type { AcquireOptions, Credential } from '../../../src/credential.ts'
import type { SessionState } from '../../../src/session-state.ts'
import type { SessionPage } from './session-page.ts'

/** One tab of a user's browser. It is hidden once another is opened, and then its timers run once a second at most. */
export interface Tab {
  readonly page: Page
  /** Runs a function in the page, whose own names are those of its script. */
  evaluate<T, Argument = undefined>(run: (argument: Argument) => T | Promise<T>, argument?: Argument): Promise<T>
  /** Signs in at the issuer, then in the session of this tab. */
  signIn(options?: { identity?: string }): Promise<void>
  signOut(): Promise<void>
  /** Rejects with an error of the name, reason and message that the page has seen. */
  acquire(options?: Omit<AcquireOptions, 'signal'>): Promise<Credential>
  refresh(): Promise<Credential>
  state(): Promise<SessionState>
  close(): Promise<void>
  /** Ends the process of the page, as out of memory does. */
  crash(): Promise<void>
  reload(): Promise<void>
  /** Stops timers, messages and answers of the page, as the browser does with hidden tabs. `evaluate` gets through. */
  freeze(): Promise<void>
  unfreeze(): Promise<void>
  /**
   * Stops the page at its next step without telling it, as a debugger does: nothing of it answers, nor does `evaluate`.
   * Broadcasts that come meanwhile are lost to it.
   */
  stall(): Promise<void>
  unstall(): Promise<void>
  /** Follows a link of the page. The browser keeps the page in its back/forward cache, where nothing bars it. */
  navigateAway(): Promise<void>
  /** Goes back, and says whether the page came out of the cache, with all that it held; else it was loaded anew. */
  goBack(): Promise<{ persisted: boolean }>
  /** Puts the clock of the page forward, as long as it is this tab. Nothing else has moved: its tokens have lapsed. */
  skipAhead(ms: number): Promise<void>
}

/** What the page has, of its script and of ours. */
type Script = typeof globalThis &
  SessionPage & {
    /** Resolves when the page is shown: whether it comes out of the back/forward cache. */
    shown: Promise<boolean>
    skipAhead(ms: number): void
  }

export async function createTab(page: Page, origin: string, issuer: Issuer): Promise<Tab> {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await page.addInitScript(() => {
    const expectToBeShown = (): void => {
      const shown = new Promise<boolean>((resolve) => {
        addEventListener('pageshow', ({ persisted }) => resolve(persisted), { once: true })
      })
      Object.assign(globalThis, { shown })
    }
    expectToBeShown()
    addEventListener('pagehide', expectToBeShown)
    // The name of a tab survives a reload.
    const now = Date.now.bind(Date)
    let skippedMs = Number(window.name)
    Date.now = () => now() + skippedMs
    const skipAhead = (ms: number): void => {
      skippedMs += ms
      window.name = String(skippedMs)
    }
    Object.assign(globalThis, { skipAhead })
  })
  const isPersisted = (): Promise<boolean> => page.evaluate(() => (globalThis as Script).shown)
  const setState = async (state: 'frozen' | 'active'): Promise<void> => {
    await cdp.send('Page.setWebLifecycleState', { state })
  }
  await page.goto(origin)
  await isPersisted()

  const evaluate: Tab['evaluate'] = (run, argument) => page.evaluate(run as never, argument) as never
  const credentialOf = async (outcome: ReturnType<SessionPage['acquire']>): Promise<Credential> => {
    const came = await outcome
    if ('value' in came) return came.value
    throw Object.assign(new Error(), came.error)
  }

  return {
    page,
    evaluate,
    async signIn(options) {
      const { tokens } = issuer.signIn(options)
      await evaluate((given) => (globalThis as Script).session.signIn(given), tokens)
    },
    signOut: () => evaluate(() => (globalThis as Script).session.signOut()),
    acquire: (options = {}) => credentialOf(evaluate((asked) => (globalThis as Script).acquire(asked), options)),
    refresh: () => credentialOf(evaluate(() => (globalThis as Script).refresh())),
    state: () => evaluate(() => (globalThis as Script).session.state),
    close: () => page.close(),
    async crash() {
      const crashed = page.waitForEvent('crash')
      // The answer dies with the page.
      cdp.send('Page.crash').catch(() => undefined)
      await crashed
    },
    async reload() {
      await page.reload()
      await isPersisted()
    },
    freeze: () => setState('frozen'),
    unfreeze: () => setState('active'),
    async stall() {
      await cdp.send('Debugger.enable')
      const paused = new Promise((resolve) => {
        cdp.once('Debugger.paused', resolve)
      })
      await cdp.send('Debugger.pause')
      // A step to stop at.
      evaluate(() => 0).catch(() => {})
      await paused
    },
    async unstall() {
      await cdp.send('Debugger.disable')
    },
    async navigateAway() {
      await evaluate((url) => {
        location.href = url
      }, `${origin}/elsewhere`)
      await page.waitForURL('**/elsewhere')
    },
    async goBack() {
      await page.goBack({ waitUntil: 'commit' })
      return { persisted: await isPersisted() }
    },
    skipAhead: (ms) =>
      evaluate((by) => {
        ;(globalThis as Script).skipAhead(by)
      }, ms),
  }
}
