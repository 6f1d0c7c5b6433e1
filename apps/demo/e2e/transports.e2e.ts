import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('keeps sockets and streams going over expiries while their bare counterparts die', async () => {
  const { demo, page, button, signIn, quiet, status } = await openWorld({ accessTokenSeconds: 4 })
  await signIn()
  await quiet()
  const { codeExchanges } = demo.counters
  await page.getByRole('link', { name: 'Transports' }).click()
  const reading = (name: string) => page.locator(`[data-reading="${name}"]`)
  const count = async (name: string, what: string): Promise<number> =>
    Number(await reading(name).locator(`[data-count="${what}"]`).textContent())

  for (const bare of ['new WebSocket()', 'new EventSource()']) {
    await page.locator(`[data-reading="${bare}"][data-state="dead"]`).waitFor({ timeout: 30_000 })
  }
  await expect.poll(() => demo.counters.feedRenewed, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)
  await expect.poll(() => demo.counters.ticksOpened, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)

  for (const [name, lost] of [
    ['asked in band', true],
    ['ticks with ids', true],
    ['closed at expiry', false],
  ] as const) {
    expect(await reading(name).getAttribute('data-state'), name).toBe('open')
    expect(await count(name, 'came'), name).toBeGreaterThan(5)
    if (lost) expect(await count(name, 'lost'), name).toBe(0)
    if (lost) expect(await count(name, 'twice'), name).toBe(0)
  }
  // StrictMode runs effects twice: one socket in band, which is the same over all expiries
  expect(await count('asked in band', 'connections')).toBe(1)
  const { bare, ...ours } = demo.counters
  expect(ours.feedRefused).toBe(0)
  expect(ours.ticksRefused).toBe(0)
  expect(ours.ticksResumed).toBe(ours.ticksOpened - 1)
  expect(bare.feedExpired).toBe(1)
  expect(bare.ticksExpired).toBe(1)
  expect(bare.ticksRefused).toBe(1)
  expect(ours.codeExchanges).toBe(codeExchanges)
  expect(await status.textContent()).toBe('Signed in')

  // what died stays dead until somebody sees to it
  expect(bare.feedOpened).toBe(1)
  expect(bare.ticksOpened).toBe(1)
  await button('Start the bare socket again').click()
  await expect.poll(() => demo.counters.bare.feedOpened).toBe(2)
  await reading('new WebSocket()').filter({ hasText: 'open' }).waitFor()
  expect(demo.counters.bare.ticksOpened).toBe(1)
  await button('Start the bare stream again').click()
  await expect.poll(() => demo.counters.bare.ticksOpened).toBe(2)
  await reading('new EventSource()').filter({ hasText: 'open' }).waitFor()
  expect(demo.counters.bare.feedOpened).toBe(2)
})

it('tells a long answer over the end of its token, and asks for it once', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld({ accessTokenSeconds: 4 })
  await signIn()
  await quiet()
  await page.getByRole('link', { name: 'Transports' }).click()
  await page.locator('[data-reading="ticks with ids"][data-state="open"]').waitFor()
  await button('Ask for a minute of text').click()
  const { refreshes } = demo.counters
  await expect.poll(() => demo.counters.refreshes - refreshes, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
  const answer = page.locator('[data-reading="long POST"]')
  expect(await answer.getAttribute('data-state')).toBe('open')
  expect(await answer.locator('[data-count="lost"]').textContent()).toBe('0')
  expect(demo.counters.completionsBegun).toBe(1)
})

it('plays on when five other devices push its token out, and the bare player does not', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  await page.getByRole('link', { name: 'Transports' }).click()
  const ours = page.getByLabel('Player with reauth')
  const time = (): Promise<number> => ours.evaluate((audio: HTMLAudioElement) => audio.currentTime)
  await button('Next track of the bare one').click()
  await button('Play from the start').click()
  await expect.poll(time, { timeout: 10_000 }).toBeGreaterThan(0.2)
  const before = demo.counters

  await button('Push this device’s token out').click()
  await page.getByText(/\d tokens? pushed out/).waitFor()
  await expect.poll(() => demo.counters.pushedOut).toBeGreaterThan(before.pushedOut)
  await page.getByRole('button', { name: 'Next track', exact: true }).click()
  await expect.poll(time, { timeout: 10_000 }).toBeGreaterThan(0.2)
  expect(await ours.evaluate((audio: HTMLAudioElement) => audio.paused)).toBe(false)
  await button('Next track of the bare one').click()
  await page.locator('[data-reading="bare player"][data-state="dead"]').waitFor()
  expect(demo.counters.bare.mediaRefused).toBeGreaterThanOrEqual(1)
  expect(demo.counters.refreshes - before.refreshes).toBe(1)
})

it('plays on from where it was when its token ended while it was paused, and spends nothing on noise', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  await page.getByRole('link', { name: 'Transports' }).click()
  const ours = page.getByLabel('Player with reauth')
  const time = (): Promise<number> => ours.evaluate((audio: HTMLAudioElement) => audio.currentTime)
  await button('Play from the start').click()
  await expect.poll(time, { timeout: 10_000 }).toBeGreaterThan(0.2)
  const { refreshes } = demo.counters
  await button('Expire while paused').click()
  await page.getByText('Paused, and its token revoked').waitFor()
  expect(await ours.evaluate((audio: HTMLAudioElement) => audio.paused)).toBe(true)
  const paused = await time()
  await ours.evaluate(async (audio: HTMLAudioElement) => {
    audio.currentTime += 1
    // a reload that recovers it breaks this promise, and plays on
    await audio.play().catch(() => {})
  })
  await expect.poll(time, { timeout: 10_000 }).toBeGreaterThan(paused + 1.1)
  expect(demo.counters.refreshes - refreshes).toBeLessThanOrEqual(1)

  // whatever the browser had at hand, the next address costs the one refresh that there is to pay
  await button('Play from the start').click()
  await expect.poll(() => demo.counters.refreshes - refreshes, { timeout: 10_000 }).toBe(1)
  const before = demo.counters
  await button('Corrupt file').click()
  await page.getByText('costs no refresh').waitFor()
  expect(await ours.evaluate((audio: HTMLAudioElement) => audio.error?.code)).toBe(4)
  expect(demo.counters.refreshes).toBe(before.refreshes)
})
