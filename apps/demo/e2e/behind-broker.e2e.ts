import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('stays signed in behind the broker: no refresh token in the page, one refresh for calls, socket and player', async () => {
  const { demo, page, issued, button, finding, figure, signIn, quiet, status } = await openWorld()
  await status.waitFor()
  await page.getByRole('link', { name: 'Screens' }).click()
  await button('Put the broker between').click()
  await button('Go to the issuer directly').waitFor()
  await status.filter({ hasText: 'Signed out' }).waitFor()
  await signIn()
  expect(page.url()).toBe(`${demo.url}screens`)
  await page.getByRole('link', { name: 'Overview' }).click()
  await quiet()
  await page.getByRole('link', { name: 'Transports' }).click()
  await page.locator('[data-reading="asked in band"][data-state="open"]').waitFor()
  await button('Play from the start').click()
  await page.getByRole('link', { name: 'Overview' }).click()

  const before = demo.counters
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok, 1 refresh.' }).waitFor()
  await page.getByRole('link', { name: 'Transports' }).click()
  await page.locator('[data-reading="asked in band"][data-state="open"]').waitFor()
  await button('Play from the start').click()
  await expect
    .poll(() => page.getByLabel('Player with reauth').evaluate((audio: HTMLAudioElement) => audio.currentTime))
    .toBeGreaterThan(0.1)
  expect(demo.counters.refreshes - before.refreshes).toBe(1)
  expect(Object.values(demo.counters.broker.refreshesByKey)).toEqual([1])
  expect(demo.counters.broker.locks).toBe(0)

  // the refresh tokens never came here
  const stored = await page.evaluate(() =>
    JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
  )
  const html = await page.content()
  for (const { kind, value } of issued) {
    if (kind === 'refresh token') expect(stored.includes(value) || html.includes(value)).toBe(false)
  }
  await page.getByRole('link', { name: 'Overview' }).click()
  expect(await figure('failed')).toBe(0)

  for (let reload = 0; reload < 3; reload++) {
    await page.reload()
    await status.filter({ hasText: 'Signed in' }).waitFor()
  }
  expect(demo.counters.codeExchanges).toBe(1)
  await button('Sign out').click()
  await status.filter({ hasText: 'Signed out' }).waitFor()
  await expect
    .poll(async () => (await page.context().cookies()).filter(({ name }) => name === 'reauth-demo-broker'))
    .toEqual([])
  await page.reload()
  await status.filter({ hasText: 'Signed out' }).waitFor()
})
