import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'
import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds in the page as it stands. */
async function flaws(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}

const isScrollingSideways = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

const isFocused = (element: Element): boolean => element === document.activeElement

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    it(`has nothing for axe to find, ${colorScheme}, ${width} px wide`, async () => {
      const context = { colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' } as const
      const { page, button, finding, signIn, status } = await openWorld({ context })
      await status.waitFor()
      expect(await flaws(page)).toEqual([])
      expect(await isScrollingSideways(page)).toBe(false)

      await button('Sign in').click()
      await button('Ada Lovelace').waitFor()
      expect(await flaws(page)).toEqual([])
      expect(await isScrollingSideways(page)).toBe(false)
      await page.goBack()

      await signIn()
      await button('Answer 403').click()
      await finding.filter({ hasText: 'not allowed' }).waitFor()
      await button('Revoke the access token').click()
      await button('10 calls at once').click()
      await finding.filter({ hasText: '10 of 10' }).waitFor()
      expect(await flaws(page)).toEqual([])
      expect(await isScrollingSideways(page)).toBe(false)

      await button('Revoke the refresh token').click()
      await button('Revoke the access token').click()
      await status.filter({ hasText: 'Session expired' }).waitFor()
      expect(await flaws(page)).toEqual([])
      expect(await isScrollingSideways(page)).toBe(false)
    })
  }
}

for (const [colorScheme, width] of [
  ['light', 360],
  ['dark', 1280],
] as const) {
  it(`has nothing for axe to find in any view, ${colorScheme}, ${width} px wide`, async () => {
    const context = { colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' } as const
    const { page, button, signIn } = await openWorld({ context })
    await signIn()
    const inOrder = async (): Promise<void> => {
      expect(await flaws(page), page.url()).toEqual([])
      expect(await isScrollingSideways(page), page.url()).toBe(false)
    }
    const view = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click()

    await view('Transports')
    await page.locator('[data-reading="ticks with ids"][data-state="open"]').waitFor()
    await page.getByRole('slider', { name: 'Time on the timeline' }).press('End')
    await inOrder()
    await button('Next track of the bare one').click()
    await page.locator('[data-reading="bare player"][data-state="open"]').waitFor()
    await page.evaluate(() => fetch('/admin/revoke-access-token', { method: 'POST' }))
    await button('Next track of the bare one').click()
    await page.locator('[data-reading="bare player"][data-state="dead"]').waitFor()
    await inOrder()

    await view('Servers')
    await inOrder()
    await page.getByRole('link', { name: 'north' }).click()
    await button('Ada Lovelace').click()
    await button('Revoke north').click()
    await button('Send').click()
    await page.getByRole('alert').waitFor()
    await inOrder()

    await view('Screens')
    await inOrder()
    await button('Open the modal').click()
    await page.getByRole('dialog').waitFor()
    await inOrder()
    await button('Close').click()

    await view('Checks')
    await page.route('**/api/work', (route) => route.fulfill({ status: 404, body: 'gone' }))
    await button('Answer 403').click()
    await button('A 401 that stays').click()
    await page.locator('.check[data-result="failed"]').waitFor()
    await page.locator('.check[data-result="passed"]').waitFor()
    await inOrder()

    await view('Requests')
    await inOrder()
  })
}

it('can be used with the keyboard alone, and shows where the focus is', async () => {
  const { page, button, finding, status } = await openWorld()
  await status.waitFor()
  const press = async (name: string): Promise<void> => {
    const target = button(name)
    await target.waitFor()
    for (let steps = 0; steps < 60 && !(await target.evaluate(isFocused)); steps++) {
      await page.keyboard.press('Tab')
    }
    expect(await target.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
    await page.keyboard.press('Enter')
  }
  await press('Sign in')
  await press('Grace Hopper')
  await status.filter({ hasText: 'Signed in' }).waitFor()
  await press('Answer 403')
  await finding.filter({ hasText: 'not allowed' }).waitFor()
  await press('Sign out')
  await status.filter({ hasText: 'Signed out' }).waitFor()
  // the button that signed out is the one that signs in: focus did not fall off the page
  expect(await button('Sign in').evaluate(isFocused)).toBe(true)
})
