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

it('waits for a workspace through a queue, says how long it takes, and goes on without a click', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld({ accessTokenSeconds: 4 })
  await page.clock.install()
  await signIn()
  await quiet()
  await page.route('**/api/workspaces', (route) =>
    route.continue({ postData: JSON.stringify({ queuedMs: 1500, provisioningMs: 6000 }) }),
  )
  await page.getByRole('link', { name: 'Screens' }).click()
  const told = page.locator('.workspace [role="status"]')
  await button('Start a workspace').click()
  await told.filter({ hasText: /In the queue, place \d/ }).waitFor()
  await told.filter({ hasText: 'Starting…' }).waitFor()
  await page.clock.runFor(31_000)
  await told.filter({ hasText: /Still starting… \(\d\d s\)/ }).waitFor()
  await told.filter({ hasText: 'Ready: ' }).waitFor({ timeout: 20_000 })
  // its tokens ended meanwhile
  expect(demo.counters.refreshes).toBeGreaterThanOrEqual(1)
  expect(demo.counters.workspacePolls).toBeGreaterThanOrEqual(3)

  await page.unrouteAll()
  await button('One that fails').click()
  await told.filter({ hasText: 'will not become ready' }).waitFor()
  await button('Start a workspace').click()
  await told.filter({ hasText: 'queue' }).waitFor()
  await button('Stop waiting').click()
  await told.filter({ hasText: 'None yet.' }).waitFor()
})

it('marks an upload as failed before its request is cancelled, and goes on with it after the sign-in', async () => {
  const { demo, page, button, signIn, status } = await openWorld()
  await signIn()
  await page.getByRole('link', { name: 'Screens' }).click()
  let isHeld = false
  let held = 0
  await page.route('**/api/upload', (route) => {
    if (!isHeld) return route.continue()
    held++
  })
  await button('Upload a file').click()
  const bar = page.getByRole('progressbar', { name: 'File 1' })
  const sent = (): Promise<number> => bar.evaluate((one: HTMLProgressElement) => one.value)
  await expect.poll(sent, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
  // what the page says of the file at the moment when its request ends without an answer
  await page.evaluate(() => {
    const cancelled: unknown[] = []
    Object.assign(globalThis, { cancelled })
    const native = fetch
    globalThis.fetch = (input, init) => {
      const answer = native(input, init)
      const { url } = new Request(input)
      if (url.endsWith('/api/upload')) {
        answer.catch(() => cancelled.push(document.querySelector<HTMLElement>('[data-upload]')?.dataset['upload']))
      }
      return answer
    }
  })
  isHeld = true
  await expect.poll(() => held, { timeout: 10_000 }).toBe(1)
  await page.evaluate(async () => {
    for (const token of ['refresh', 'access']) await fetch(`/admin/revoke-${token}-token`, { method: 'POST' })
  })
  // the call that the page makes every second finds out
  await status.filter({ hasText: 'Session expired' }).waitFor()
  const upload = page.locator('[data-upload="failed"]')
  await upload.filter({ hasText: 'sign in again' }).waitFor()
  await expect.poll(() => page.evaluate('cancelled')).toEqual(['failed'])
  const { uploads } = demo.counters
  expect(uploads).toBe(await sent())
  expect(uploads).toBeLessThan(40)

  await page.unrouteAll({ behavior: 'ignoreErrors' })
  await button('Sign in again').click()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  expect(await sent()).toBe(uploads)
  await page.clock.install()
  await button('Go on with file 1').click()
  await expect
    .poll(
      async () => {
        await page.clock.runFor(250)
        return page.locator('[data-upload="done"]').count()
      },
      { timeout: 20_000 },
    )
    .toBe(1)
  // each part once: those that had arrived were not sent again
  expect(demo.counters.uploads).toBe(40)
  expect(demo.counters.codeExchanges).toBe(2)

  // nobody sees what is another's
  await button('Sign out').click()
  await bar.waitFor({ state: 'detached' })
})

it('changes how long tokens live, and renews the one it holds', async () => {
  const { demo, page, button, fact, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  await page.getByRole('link', { name: 'Screens' }).click()
  await button('10 s').click()
  await expect.poll(() => fact('version')).toBe('2')
  expect(demo.counters.refreshes).toBe(1)
  expect(await button('10 s').getAttribute('aria-pressed')).toBe('true')
  await page.locator('.life-text').filter({ hasText: 'of 10 s' }).waitFor()
})
