import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('makes ten calls with a revoked access token cost one refresh', async () => {
  const { demo, button, finding, figure, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  const before = demo.counters
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok, 1 refresh.' }).waitFor()

  const after = demo.counters
  expect(after.refreshes - before.refreshes).toBe(1)
  expect(after.tokenPosts - before.tokenPosts).toBe(1)
  expect(after.apiOk - before.apiOk).toBe(10)
  expect(after.apiUnauthorized).toBeGreaterThanOrEqual(1)
  expect(after.apiUnauthorized).toBeLessThanOrEqual(10)
  expect(await figure('failed')).toBe(0)
})

it('goes on by itself when the access token is revoked under a running call', async () => {
  const { demo, button, fact, figure, signIn } = await openWorld()
  await signIn()
  await button('Revoke the access token').click()
  await expect.poll(() => fact('version'), { timeout: 10_000 }).toBe('2')
  expect(demo.counters.refreshes).toBe(1)
  expect(await figure('failed')).toBe(0)
})

it('says why the session ended, keeps whose it was, and takes the next sign-in', async () => {
  const { demo, page, button, finding, fact, signIn, quiet, status } = await openWorld()
  await signIn()
  await quiet()
  await button('Revoke the refresh token').click()
  await finding.filter({ hasText: 'No further refresh' }).waitFor()
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()

  await status.filter({ hasText: 'Session expired' }).waitFor()
  expect(await page.getByRole('alert').textContent()).toMatch(/sign in again.*invalid_grant/)
  expect(await fact('status')).toBe('expired')
  expect(await fact('identity')).toBe('ada')
  expect(demo.counters.refreshesRefused).toBe(1)

  await button('Sign in again').click()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok, no refresh.' }).waitFor()
  expect(demo.counters.codeExchanges).toBe(2)
  expect(demo.counters.refreshesRefused).toBe(1)
})

it('lets a living access token work on when the refresh token is revoked', async () => {
  const { demo, button, finding, signIn, quiet, status } = await openWorld()
  await signIn()
  await quiet()
  await button('Revoke the refresh token').click()
  await finding.filter({ hasText: 'No further refresh' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok, no refresh.' }).waitFor()
  expect(await status.textContent()).toBe('Signed in')
  expect(demo.counters.tokenPosts).toBe(1)
})

it('shows a 403 where it happened and leaves the session alone', async () => {
  const { demo, button, finding, fact, figure, signIn, quiet, status } = await openWorld()
  await signIn()
  await quiet()
  await button('Answer 403').click()
  await finding.filter({ hasText: '403, not allowed. It cost no refresh' }).waitFor()
  expect(demo.counters.apiDenied).toBe(1)
  expect(demo.counters.apiUnauthorized).toBe(0)
  expect(demo.counters.tokenPosts).toBe(1)
  expect(await figure('denied (403)')).toBe(1)
  expect(await status.textContent()).toBe('Signed in')
  expect(await fact('version')).toBe('1')
})

it('serves ky from the same session, and the bare fetch beside it is refused', async () => {
  const { demo, page, button, finding, figure, signIn } = await openWorld()
  await signIn()
  await expect.poll(() => demo.counters.bare.apiOk, { timeout: 10_000 }).toBeGreaterThan(0)
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('Ask with ky').click()
  await finding.filter({ hasText: 'Hello, Ada Lovelace. The vault threw PermissionDeniedError' }).waitFor()
  await expect.poll(() => demo.counters.bare.apiUnauthorized, { timeout: 10_000 }).toBeGreaterThan(1)
  expect(demo.counters.refreshes).toBe(1)
  expect(await figure('failed')).toBe(0)
  const bare = page.locator('.calls .figures > div').filter({ hasText: 'bare fetch: 401' })
  expect(Number(await bare.locator('dd').textContent())).toBeGreaterThan(0)
})
