import { expect, it } from 'vitest'

import { guard } from '../src/page/servers/guard.ts'
import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('guards a place by its own server, a public one not at all, and the rest by whether anybody is signed in', () => {
  const only = (active?: string) => (server: string) => (server === active ? 'active' : 'expired')
  expect(guard('/', only())).toEqual({ kind: 'open' })
  expect(guard('/servers', only())).toEqual({ kind: 'open' })
  expect(guard('/servers/north', only('north'))).toEqual({ kind: 'open' })
  expect(guard('/servers/north?room=2', only('south'))).toEqual({ kind: 'sign-in', server: 'north' })
  expect(guard('/servers/all', only('south'))).toEqual({ kind: 'open' })
  expect(guard('/servers/all', only())).toEqual({ kind: 'nobody' })
  // nobody is asked to sign in before it is known that they have to
  expect(guard('/servers/north', () => 'loading')).toEqual({ kind: 'loading' })
  expect(guard('/servers/all', () => 'loading')).toEqual({ kind: 'loading' })
})

it('keeps an expired server listed, the other one usable, and the draft for whoever wrote it', async () => {
  const { demo, page, button } = await openWorld()
  await page.goto(`${demo.url}servers/north`)
  const row = (server: string) => page.locator(`[data-server="${server}"]`)
  const field = (server: string) => page.getByLabel(`Write to ${server}`)
  await row('north').filter({ hasText: 'Not signed in' }).waitFor()
  await button('Ada Lovelace').click()
  await row('north').locator('.server-profile').filter({ hasText: 'Ada Lovelace' }).waitFor()
  await row('south').getByRole('link').click()
  await button('Grace Hopper').click()
  await row('south').locator('.server-profile').filter({ hasText: 'Grace Hopper' }).waitFor()

  await page.getByRole('link', { name: 'Everywhere' }).click()
  await page.getByText('Signed in at north and south.').waitFor()
  await row('north').getByRole('link').click()
  await field('north').fill('Half a thought')
  await button('Revoke north').click()
  await expect.poll(() => demo.counters.chat.north.refreshesRefused).toBe(0)
  await button('Send').click()
  await row('north').filter({ hasText: 'Session expired' }).waitFor()
  expect(demo.counters.chat.north.refreshesRefused).toBe(1)
  expect(await row('north').textContent()).not.toContain('Ada')
  await page.getByRole('alert').filter({ hasText: 'is kept' }).waitFor()

  // the other one goes on
  await row('south').getByRole('link').click()
  await field('south').fill('Still here')
  await button('Send').click()
  await page.getByText('Sent as message').waitFor()
  expect(demo.counters.chat.south.unauthorized).toBe(0)

  // back in place: no page was loaded for it
  await row('north').getByRole('link').click()
  await page.evaluate('globalThis.isSamePage = true')
  await row('north').getByRole('button', { name: 'Sign in again' }).click()
  await expect.poll(() => field('north').inputValue()).toBe('Half a thought')
  await row('north').locator('.server-profile').filter({ hasText: 'Ada Lovelace' }).waitFor()
  expect(await page.evaluate('globalThis.isSamePage')).toBe(true)
  expect(page.url()).toBe(`${demo.url}servers/north`)
  await button('Send').click()
  await page.getByText('Sent as message').waitFor()
  expect(demo.counters.chat.north.codeExchanges).toBe(2)
})

it('shows nobody the draft or the profile of another, and a sign-out removes the row', async () => {
  const { demo, page, button } = await openWorld()
  await page.goto(`${demo.url}servers/north`)
  const row = page.locator('[data-server="north"]')
  const field = page.getByLabel('Write to north')
  await page.getByRole('link', { name: 'Everywhere' }).click()
  await page.getByRole('alert').filter({ hasText: 'Nobody is signed in anywhere' }).waitFor()
  await page.goBack()
  await button('Ada Lovelace').click()
  await field.fill('For my eyes only')
  await button('Revoke north').click()
  await button('Send').click()
  await row.filter({ hasText: 'Session expired' }).waitFor()

  await button('Leave north').click()
  await row.waitFor({ state: 'detached' })
  await button('Add north').click()
  await row.filter({ hasText: 'Not signed in' }).waitFor()
  await button('Grace Hopper').click()
  await row.locator('.server-profile').filter({ hasText: 'Grace Hopper' }).waitFor()
  expect(await field.inputValue()).toBe('')
  expect(await page.locator('#root').textContent()).not.toContain('Ada')
})
