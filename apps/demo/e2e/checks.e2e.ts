import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('passes every check, one click for all', async () => {
  // as short as a person has it, who may come at any moment of a token's life
  const { demo, page, button, signIn, status } = await openWorld({ accessTokenSeconds: 8 })
  await signIn()
  await page.getByRole('link', { name: 'Checks' }).click()
  await button('Run all').click()
  const told = page.locator('.checks-told')
  await told.filter({ hasText: /^(\d+) of \1 done/ }).waitFor({ timeout: 110_000 })

  expect(await page.locator('.check[data-result="failed"]').allTextContents()).toEqual([])
  expect(await page.locator('.check[data-result="passed"]').count()).toBe(21)
  expect(await status.textContent()).toBe('Signed in')
  // one sign-in by the user; the siblings of two checks are the others
  expect(demo.counters.codeExchanges).toBeLessThanOrEqual(11)
  expect(demo.counters.chat.north.reuseDetected).toBe(1)
  expect(demo.counters.restarts).toBe(1)
  expect(demo.counters.lostAnswers).toBe(1)
})

it('shows a guest why their session ended until it is dismissed, and red where something is not as it should be', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  await page.getByRole('link', { name: 'Checks' }).click()
  await button('A 401 that stays').click()
  await page.locator('[data-check="stays-refused"][data-result="passed"]').waitFor()
  const screen = page.getByRole('alert').filter({ hasText: 'The guest’s session has expired.' })
  expect(await screen.count()).toBe(1)
  const before = demo.counters
  expect(before.chat.north.refreshes).toBe(1)
  expect(before.chat.south.unauthorized).toBe(2)
  await button('Dismiss').click()
  await screen.waitFor({ state: 'detached' })
  expect(demo.counters.chat).toEqual(before.chat)

  await page.route('**/api/work', (route) => route.fulfill({ status: 404, body: 'gone' }))
  await button('Answer 403').click()
  const check = page.locator('[data-check="denied"]')
  await check.filter({ hasText: 'failed: The API answered 404' }).waitFor()
  expect(await check.getAttribute('data-result')).toBe('failed')
})
