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
