import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright'

import { findChromium, flags } from '../../../../../scripts/chromium.ts'

/** A browser as a user has it. */
export interface UserBrowser {
  /** The window in which only the tab that was opened last is visible. */
  readonly context: BrowserContext
  close(): Promise<void>
}

/** What Playwright passes so that tests are quick and alike, and what tabs of a user are not like. */
const unlike: readonly RegExp[] = [
  /^--disable-back-forward-cache$/,
  /^--disable-background-timer-throttling$/,
  /^--disable-renderer-backgrounding$/,
  /^--disable-backgrounding-occluded-windows$/,
  /^--disable-features=.*\bThirdPartyStoragePartitioning\b/,
]

/**
 * Launches Chromium as a user has it: with its back/forward cache, tabs that are hidden and can be frozen, throttled
 * timers in them, and partitioned storage. Throws when this Playwright no longer passes one of the switches that have to
 * go for that.
 */
export async function launchAsUser(): Promise<UserBrowser> {
  const executablePath = findChromium()
  const options: LaunchOptions = { ...(executablePath !== undefined && { executablePath }), args: flags }
  // Only the exact text of a switch takes it away, and only an automated browser tells what it was given.
  const passed = await switchesOf(await chromium.launch({ ...options, args: [...flags, '--enable-automation'] }))
  const unwanted = unlike.map((pattern) => {
    const found = passed.find((one) => pattern.test(one))
    if (found === undefined)
      throw new Error(`Playwright passes no ${pattern.source} any more: correct ${import.meta.url}`)
    return found
  })
  const port = await freePort()
  const args = [...flags, `--remote-debugging-port=${port}`]
  const launched = await chromium.launch({ ...options, args, ignoreDefaultArgs: unwanted })
  // Who launches a browser makes every tab believe that it is focused. Who only connects to it need not.
  const connected = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
  const [context] = connected.contexts()
  if (context === undefined) throw new Error('The browser has no window')
  return {
    context,
    async close() {
      await connected.close()
      await launched.close()
    },
  }
}

async function switchesOf(browser: Browser): Promise<readonly string[]> {
  try {
    const session = await browser.newBrowserCDPSession()
    return (await session.send('Browser.getBrowserCommandLine')).arguments
  } finally {
    await browser.close()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
