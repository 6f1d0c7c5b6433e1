import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('shows the session clock at the start, hides it, and shows it again', async () => {
  const { page, button, signIn } = await openWorld()
  await page.clock.install()
  await signIn()
  const clock = page.getByRole('timer')
  await clock.waitFor()
  await page.getByRole('link', { name: 'Screens' }).click()

  await page.getByLabel('Every … minutes').fill('2')
  await page.getByLabel('For … seconds').fill('5')
  await clock.waitFor()
  await page.clock.fastForward(6000)
  await clock.waitFor({ state: 'detached' })
  await page.clock.fastForward(115_000)
  await clock.waitFor()
  expect(await clock.textContent()).toMatch(/^00:0[12]:\d\d$/)

  await page.getByLabel('Every … minutes').fill('0')
  await page.clock.fastForward(600_000)
  await clock.waitFor()
  const hint = await page.getByLabel('Every … minutes').getAttribute('aria-describedby')
  expect(await page.locator(`[id="${hint}"]`).textContent()).toContain('0 keeps it in view')

  await button('Sign out').click()
  await clock.waitFor({ state: 'detached' })
})

it('closes the modal with the back button and leaves all other navigation as it was', async () => {
  const { demo, page, button, status } = await openWorld()
  await status.waitFor()
  await page.getByRole('link', { name: 'Screens' }).click()
  const modal = page.getByRole('dialog')
  for (const closing of [
    () => page.goBack(),
    () => page.keyboard.press('Escape'),
    () => button('Close').click(),
  ] as const) {
    await button('Open the modal').click()
    await modal.waitFor()
    await closing()
    await modal.waitFor({ state: 'hidden' })
    expect(page.url()).toBe(`${demo.url}screens`)
  }
  await page.goBack()
  await button('10 calls at once').waitFor()
  expect(page.url()).toBe(demo.url)
  await page.goForward()
  await button('Open the modal').waitFor()
  expect(await modal.isVisible()).toBe(false)
})

it('is back where the user was after the sign-in', async () => {
  const { demo, page, signIn, status } = await openWorld()
  await page.goto(`${demo.url}requests?from=a-link`)
  await status.waitFor()
  await signIn()
  expect(page.url()).toBe(`${demo.url}requests?from=a-link`)
  await page.getByRole('heading', { name: 'Requests' }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  expect(page.url()).toBe(demo.url)
})
