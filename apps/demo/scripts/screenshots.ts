// Takes the pictures of the README: `node --conditions=@reauth/source scripts/screenshots.ts`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { type BrowserContextOptions, chromium, type Page } from 'playwright'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import { startDemo } from '../src/server/main.ts'

interface Picture {
  readonly name: string
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
  readonly height: number
  /** What is done before it is taken, by somebody who is signed in. */
  readonly prepare: (page: Page) => Promise<void>
}

const wide = { width: 1280, height: 840 } as const
const phone = { width: 390, height: 844 } as const

const view = (page: Page, name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click()

/** Makes the calls of a while, with a token that is revoked among them. */
async function useIt(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Revoke the access token' }).click()
  await page.locator('.finding').filter({ hasText: 'dead' }).waitFor()
  await page.getByRole('button', { name: '10 calls at once' }).click()
  await page.locator('.finding').filter({ hasText: '10 of 10' }).waitFor()
  await page.locator('.heartbeat i').nth(24).waitFor()
}

async function connect(page: Page): Promise<void> {
  await view(page, 'Transports')
  await page.getByRole('button', { name: 'Next track of the bare one' }).click()
  await page.getByRole('button', { name: 'Play from the start' }).click()
  for (const bare of ['new WebSocket()', 'new EventSource()']) {
    await page.locator(`[data-reading="${bare}"][data-state="dead"]`).waitFor()
  }
}

async function check(page: Page): Promise<void> {
  await view(page, 'Checks')
  await page.getByRole('button', { name: 'Run all' }).click()
  await page
    .locator('.checks-told')
    .filter({ hasText: /^(\d+) of \1 done/ })
    .waitFor({ timeout: 120_000 })
}

const pictures: readonly Picture[] = [
  { name: 'overview-light', colorScheme: 'light', ...wide, prepare: useIt },
  { name: 'transports-dark', colorScheme: 'dark', ...wide, prepare: connect },
  { name: 'checks-light', colorScheme: 'light', ...wide, prepare: check },
  { name: 'overview-phone-dark', colorScheme: 'dark', ...phone, prepare: useIt },
  { name: 'transports-phone-light', colorScheme: 'light', ...phone, prepare: connect },
]

const folder = join(import.meta.dirname, '..', 'screenshots')
await mkdir(folder, { recursive: true })
const executablePath = findChromium()
const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: flags })
try {
  for (const picture of pictures) await take(picture)
} finally {
  await browser.close()
}

async function take({ name, colorScheme, width, height, prepare }: Picture): Promise<void> {
  const demo = await startDemo({ accessTokenSeconds: 6 })
  try {
    const options: BrowserContextOptions = { colorScheme, viewport: { width, height }, reducedMotion: 'reduce' }
    const page = await (await browser.newContext(options)).newPage()
    await page.goto(demo.url)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await page.locator('.status').filter({ hasText: 'Signed in' }).waitFor()
    await prepare(page)
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: join(folder, `${name}.png`) })
    await page.context().close()
  } finally {
    await demo.close()
  }
}
