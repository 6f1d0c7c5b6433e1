import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import { bundlePage } from './support/bundle-page.ts'
import type { Way } from './support/follow-ticks.ts'
import { serveOddStreams } from './support/odd-server.ts'
import { oddStreams } from './support/odd-streams.ts'
import type { StreamPage } from './support/page.ts'
import { serveTicker } from './support/ticker.ts'

type Script = typeof globalThis & StreamPage

const total = 100_000
const perToken = 2_000
const expiries = total / perToken
const ways: readonly Way[] = ['each', 'iterate', 'EventSource']

let browser: Browser
let script: string

beforeAll(async () => {
  const executablePath = findChromium()
  script = await bundlePage()
  browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: flags })
})

afterAll(() => browser.close())

async function openPage(origin: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(`${origin}/`, { waitUntil: 'load' })
  return page
}

describe.each(ways)(`${total} events over ${expiries} tokens in Chromium, by %s`, (way) => {
  it('come once each and in order where the server cuts when a token ends', async () => {
    await using ticker = await serveTicker({ total, perToken, page: script })
    const page = await openPage(ticker.origin)
    const options = { way, handover: false, perToken, total }
    expect(await page.evaluate((given) => (globalThis as Script).followTicks(given), options)).toEqual({
      events: total,
    })
    expect(ticker.refreshes).toBe(expiries)
    expect(ticker.answers).toEqual({ 200: expiries, 401: expiries, 204: 1 })
    expect(Object.keys(ticker.cuts)).toHaveLength(6)
    await page.close()
  })

  it('come once each and in order where the next connection opens before the token ends', async () => {
    await using ticker = await serveTicker({ total, perToken, overlaps: true, page: script })
    const page = await openPage(ticker.origin)
    const options = { way, handover: true, perToken, total }
    expect(await page.evaluate((given) => (globalThis as Script).followTicks(given), options)).toEqual({
      events: total,
    })
    expect(ticker.overlapping).toBe(expiries - 1)
    expect(ticker.answers).toEqual({ 200: expiries, 401: 1, 204: 1 })
    await page.close()
  })
})

describe("Chromium's own EventSource and ours", () => {
  it('make the same of every odd stream', async () => {
    await using server = await serveOddStreams(script)
    const page = await openPage(server.origin)
    const read = async (which: 'native' | 'ours'): Promise<unknown[]> =>
      Promise.all(
        oddStreams.map(async ({ rule }, index) => {
          const path = `/odd/${index}/${which}`
          const events = await page.evaluate(([name, at]) => (globalThis as Script).read(name, at), [
            which,
            path,
          ] as const)
          const next = server.next.get(path)
          return { rule, events, ...(next !== undefined && { next }) }
        }),
      )
    const expected = oddStreams.map(({ pieces: _pieces, ...odd }) => odd)
    expect(await read('ours')).toEqual(expected)
    expect(await read('native')).toEqual(expected)
    await page.close()
  })
})
