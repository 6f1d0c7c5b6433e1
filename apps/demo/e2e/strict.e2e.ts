import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('shows one state after the other on every view and reload, and opens each connection once, in another tab, too', async () => {
  const { demo, page, button, signIn, quiet, status } = await openWorld()
  await signIn()
  await quiet()
  // every headline of every frame, and every connection that was begun
  await page.addInitScript(() => {
    const seen: string[] = []
    const dialled: string[] = []
    Object.assign(globalThis, { seen, dialled })
    new MutationObserver(() => {
      const text = document.querySelector('.status')?.textContent ?? ''
      if (text !== '' && seen.at(-1) !== text) seen.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
    const Native = WebSocket
    globalThis.WebSocket = class extends Native {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        const { pathname, search } = new URL(url)
        if (pathname.startsWith('/feed')) dialled.push(pathname + search)
      }
    }
  })
  for (const view of ['', 'transports', 'servers', 'screens', 'checks', 'requests']) {
    await page.goto(demo.url + view)
    await status.filter({ hasText: 'Signed in' }).waitFor()
    const seen = await page.evaluate<string[]>('seen')
    expect(
      seen.filter((text) => text !== 'Loading…'),
      view,
    ).toEqual(['Signed in'])
    expect(seen.lastIndexOf('Loading…'), view).toBeLessThanOrEqual(0)
    if (view !== 'transports') continue
    for (const name of [
      'asked in band',
      'closed at expiry',
      'ticks with ids',
      'new WebSocket()',
      'new EventSource()',
    ]) {
      await page.locator(`[data-reading="${name}"][data-state="open"]`).waitFor()
    }
    expect((await page.evaluate<string[]>('dialled')).toSorted()).toEqual([
      '/feed/closing',
      '/feed/closing?by=bare',
      '/feed/in-band',
    ])
    expect(demo.counters.feedOpened).toBe(2)
    expect(demo.counters.ticksOpened).toBe(1)
    expect(demo.counters.bare.feedOpened).toBe(1)
    expect(demo.counters.bare.ticksOpened).toBe(1)

    const tabs = page.locator('.tabs .figures > div').filter({ hasText: 'tabs open' }).locator('dd')
    expect(await tabs.textContent()).toBe('1')
    const opening = page.waitForEvent('popup')
    await button('Open another tab').click()
    const other = await opening
    await other.locator('.status').filter({ hasText: 'Signed in' }).waitFor()
    await expect.poll(() => tabs.textContent(), { timeout: 10_000 }).toBe('2')
    for (const name of ['asked in band', 'closed at expiry', 'ticks with ids']) {
      await other.locator(`[data-reading="${name}"][data-state="open"]`).waitFor()
    }
    expect(await other.evaluate('opener')).toBe(null)
    expect(demo.counters.feedOpened).toBe(4)
    expect(demo.counters.ticksOpened).toBe(2)
    await other.close()
    await expect.poll(() => tabs.textContent(), { timeout: 10_000 }).toBe('1')
  }
  expect(demo.counters.tokenPosts).toBe(1)
})

it('is never signed out by going back and forward, going offline, or a second tab that reloads with it', async () => {
  const { demo, page, signIn, status } = await openWorld({ accessTokenSeconds: 2 })
  await signIn()
  const other = await page.context().newPage()
  await other.goto(demo.url)
  const headlines = [status, other.locator('.status')]
  for (let round = 0; round < 3; round++) {
    await Promise.all([page.reload(), other.reload()])
    for (const headline of headlines) await headline.filter({ hasText: 'Signed in' }).waitFor()
  }
  await page.goto(`${demo.url}requests`)
  await page.goBack()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  await page.goForward()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  await page.context().setOffline(true)
  await expect.poll(() => page.evaluate('navigator.onLine')).toBe(false)
  const ended = Date.now() + 2500
  await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(ended)
  expect(await status.textContent()).toBe('Signed in')
  await page.context().setOffline(false)
  const { apiOk } = demo.counters
  await expect.poll(() => demo.counters.apiOk, { timeout: 20_000 }).toBeGreaterThan(apiOk + 2)
  for (const headline of headlines) expect(await headline.textContent()).toBe('Signed in')
  expect(demo.counters.codeExchanges).toBe(1)
})
