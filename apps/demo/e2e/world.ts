import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import type { Demo } from '../src/server/start-demo.ts'
import { startDemo } from '../src/server/main.ts'
import type { Issued } from '../src/server/issuer.ts'

/** A demo of its own and a page on it. */
export interface World {
  readonly demo: Demo
  readonly page: Page
  /** Every code and token that the issuer handed out, oldest first. */
  readonly issued: readonly Issued[]
  /** Messages of the page's console. */
  readonly console: readonly string[]
  readonly button: (name: string) => Locator
  /** The headline of the session. */
  readonly status: Locator
  /** What the last experiment has shown. */
  readonly finding: Locator
  /** The trace, newest first. */
  readonly trace: Locator
  /** A fact of the session's state, as the page shows it. */
  readonly fact: (name: 'status' | 'epoch' | 'version' | 'identity') => Promise<string>
  /** One of the page's own counts. */
  readonly figure: (name: 'ok' | 'denied (403)' | 'failed') => Promise<number>
  /** Signs in as Ada and waits until the session is active. */
  readonly signIn: () => Promise<void>
  /** Stops the call that the page makes every second, and waits for the last one. */
  readonly quiet: () => Promise<void>
}

interface WorldOptions {
  accessTokenSeconds?: number
  /** How many refresh tokens are to come twice. @default 0 */
  replays?: number
  context?: BrowserContextOptions
}

/** Gives a file its browser. The function that it returns opens a world per test; whatever a test does, no refresh token may come twice, unless it says so. */
export function useWorlds(): (options?: WorldOptions) => Promise<World> {
  let browser: Browser
  const endings: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const executablePath = findChromium()
    browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: flags })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const end of endings.splice(0)) await end()
  })
  return async ({ accessTokenSeconds = 600, replays = 0, context: contextOptions } = {}) => {
    const issued: Issued[] = []
    const demo = await startDemo({ accessTokenSeconds, onIssued: (one) => issued.push(one) })
    const context = await browser.newContext(contextOptions)
    const page = await context.newPage()
    const errors: unknown[] = []
    page.on('pageerror', (error) => errors.push(error))
    endings.push(async () => {
      await context.close()
      await demo.close()
      expect(errors).toEqual([])
      expect(demo.counters.reuseDetected).toBe(replays)
    })
    await page.goto(demo.url)
    return onPage(demo, page, issued)
  }
}

function onPage(demo: Demo, page: Page, issued: readonly Issued[]): World {
  const messages: string[] = []
  page.on('console', (message) => messages.push(message.text()))
  const button = (name: string): Locator => page.getByRole('button', { name })
  const status = page.locator('.status')
  const number = async (name: string): Promise<number> => {
    const entry = page.locator('.calls .figures > div').filter({ has: page.getByText(name, { exact: true }) })
    return Number(await entry.locator('dd').textContent())
  }
  return {
    demo,
    page,
    issued,
    console: messages,
    button,
    status,
    finding: page.locator('.finding'),
    trace: page.locator('.trace-lines'),
    fact: async (name) => (await page.locator(`[data-fact="${name}"]`).textContent()) ?? '',
    figure: number,
    async signIn() {
      await button('Sign in').click()
      await button('Ada Lovelace').click()
      await status.filter({ hasText: 'Signed in' }).waitFor()
    },
    async quiet() {
      await page.getByRole('switch').setChecked(false)
      // Twice the same: the last call may still be on its way to the server, behind a refresh.
      let before = -1
      const isSettled = async (): Promise<boolean> => {
        const last = before
        before = (await number('ok')) + (await number('failed'))
        return before === demo.counters.apiOk && before === last
      }
      await expect.poll(isSettled, { interval: 500, timeout: 10_000 }).toBe(true)
    },
  }
}
