import { createIssuer, delay, type Issuer, type IssuerOptions } from '@reauth/testkit'
import { serve } from '@reauth/testkit/node'
import type { Page } from 'playwright'
import { afterAll, expect, onTestFinished } from 'vitest'

import { bundlePage } from './bundle-page.ts'
import { launchAsUser, type UserBrowser } from './launch-as-user.ts'
import { servePage } from './page-server.ts'
import { createTab, type Tab } from './tab.ts'
import type { TabsConfig } from './tabs-config.ts'

/** What the tabs of a test are like. */
export interface TabsOptions extends Partial<Pick<TabsConfig, 'storage' | 'options'>> {
  issuing?: Omit<IssuerOptions, 'clock'>
  /**
   * How long the token endpoint thinks, in ms; `issuer.faults.next(…)` goes before it.
   *
   * @default 1
   */
  delayMs?: number
  /** Which script of this folder the page runs. @default 'session-page.ts' */
  script?: 'session-page.ts' | 'locks-page.ts'
  /** Whether a request may be given up for lost while it is on its way: the issuer cannot know. @default false */
  givesUp?: boolean
}

/** One user's browser with tabs of one origin, and the authorization server that their sessions refresh at. */
export interface Tabs {
  /** Its counters, and its faults, such as `issuer.faults.next(hold())`. */
  readonly issuer: Issuer
  readonly origin: string
  /** Opens a tab, and waits until its script has run. */
  open(): Promise<Tab>
}

let browser: Promise<UserBrowser> | undefined
afterAll(async () => {
  await (await browser)?.close()
})

/**
 * Returns a user without tabs, at an origin of their own; the browser is that of the file. When the test ends, no page
 * has thrown, no refresh token was misused or seen elsewhere, and everything is closed.
 */
export async function createTabs(options: TabsOptions = {}): Promise<Tabs> {
  const { storage = 'indexeddb', delayMs = 1, script = 'session-page.ts', givesUp = false } = options
  const issuer = createIssuer(options.issuing)
  issuer.faults.when(() => true, delay(delayMs))
  const [code, served, { context }] = await Promise.all([
    bundlePage(script),
    serve(withoutKeepAlive(issuer)),
    (browser ??= launchAsUser()),
  ])
  const config: TabsConfig = { issuer: served.origin, storage, options: options.options ?? {} }
  const server = await servePage(code, config)
  const pages: Page[] = []
  const errors: Error[] = []

  onTestFinished(async () => {
    for (const page of pages) await page.close()
    await Promise.all([served.close(), server.close()])
    expect(errors).toEqual([])
    expect(issuer.misuse.filter((line) => !(givesUp && line.endsWith('was unanswered')))).toEqual([])
    expect(issuer.leaks).toEqual([])
  })

  return {
    issuer,
    origin: server.origin,
    async open() {
      const page = await context.newPage()
      pages.push(page)
      page.on('pageerror', (error) => errors.push(error))
      return createTab(page, server.origin, issuer)
    },
  }
}

/**
 * Ends each connection with its answer, so that a lost one is lost: on a connection that it reuses, Chromium sends the
 * request again by itself. See docs/discoveries/chromium-sends-a-post-again.md.
 */
function withoutKeepAlive({ origin, fetch }: Issuer): Pick<Issuer, 'origin' | 'fetch'> {
  return {
    origin,
    async fetch(input, init) {
      const response = await fetch(input, init)
      response.headers.set('connection', 'close')
      return response
    },
  }
}
