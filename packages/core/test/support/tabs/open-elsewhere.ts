import { createIssuer, type Issuer } from '@reauth/testkit'
import { serve } from '@reauth/testkit/node'
import { chromium, type Frame, type Page } from 'playwright'
import { expect, onTestFinished } from 'vitest'

import { findChromium, flags } from '../../../../../scripts/chromium.ts'
import { bundlePage } from './bundle-page.ts'
import { servePage } from './page-server.ts'
import type { TabsConfig } from './tabs-config.ts'

/** A page of a browser whose switches are not those of a user. */
export interface Elsewhere {
  readonly page: Page
  readonly issuer: Issuer
  /** Where the page of a session is; this one has not gone there yet. */
  readonly origin: string
}

/** Opens a page in a browser as Playwright launches it, where a frame of another site has no storage at all. */
export async function openElsewhere({
  args = [],
  storage,
}: {
  args?: string[]
  storage: TabsConfig['storage']
}): Promise<Elsewhere> {
  const executablePath = findChromium()
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [...flags, ...args],
  })
  const issuer = createIssuer()
  const served = await serve(issuer)
  const config: TabsConfig = { issuer: served.origin, storage, options: {} }
  const server = await servePage(await bundlePage('session-page.ts'), config)
  const page = await browser.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  onTestFinished(async () => {
    await browser.close()
    await Promise.all([served.close(), server.close()])
    expect(errors).toEqual([])
    expect(issuer.misuse).toEqual([])
  })
  return { page, issuer, origin: server.origin }
}

/** Shows the page of a session in a frame of a page of another site. */
export async function embed(page: Page, origin: string): Promise<Frame> {
  await page.goto(`${origin.replace('127.0.0.1', 'localhost')}/elsewhere`)
  await page.evaluate(
    (src) =>
      new Promise((resolve) => {
        const frame = document.createElement('iframe')
        frame.addEventListener('load', resolve)
        frame.src = src
        document.body.append(frame)
      }),
    `${origin}/`,
  )
  const frame = page.frames().find((one) => one.url().startsWith(origin))
  if (frame === undefined) throw new Error('There is no frame')
  return frame
}
