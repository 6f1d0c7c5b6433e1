import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()
const lifetime = 3

it('stays signed in over many expiries while calls go on, and no call fails', async () => {
  const { demo, issued, fact, figure, signIn, quiet, status } = await openWorld({ accessTokenSeconds: lifetime })
  await signIn()
  const tokens = (): readonly number[] =>
    issued.filter(({ kind }) => kind === 'access token').map(({ issuedAt }) => issuedAt)
  const expiries = (): number => tokens().filter((issuedAt) => issuedAt + lifetime <= Date.now() / 1000).length

  // five tokens have ended by the issuer's clock; they overlap by a third, so that is more than three lifetimes
  await expect.poll(expiries, { timeout: 60_000 }).toBeGreaterThanOrEqual(5)
  await quiet()

  const { refreshes, tokenPosts, codeExchanges, apiOk, reuseDetected } = demo.counters
  expect(await status.textContent()).toBe('Signed in')
  expect(await figure('failed')).toBe(0)
  expect(await figure('ok')).toBe(apiOk)
  expect(reuseDetected).toBe(0)

  // one refresh per expiry: each brought one version, each replaced a token that was near its end …
  expect(refreshes).toBe(Number(await fact('version')) - 1)
  expect(tokenPosts).toBe(codeExchanges + refreshes)
  expect(refreshes).toBe(tokens().length - 1)
  const ages = tokens()
    .slice(1)
    .map((issuedAt, index) => issuedAt - (tokens()[index] ?? Number.NaN))
  expect(Math.min(...ages)).toBeGreaterThanOrEqual((lifetime * 2) / 3)

  // … and with no calls going on, the last one just ends
  await expect.poll(expiries, { timeout: 30_000 }).toBe(tokens().length)
  expect(expiries()).toBe(refreshes + 1)
  expect(demo.counters.tokenPosts).toBe(tokenPosts)
})

it('renews on the first call after a long idle time', async () => {
  const { demo, issued, button, finding, figure, signIn, quiet } = await openWorld({ accessTokenSeconds: lifetime })
  await signIn()
  await quiet()
  const last = (): number => issued.findLast(({ kind }) => kind === 'access token')?.issuedAt ?? Number.NaN
  await expect.poll(() => Date.now() / 1000 - last(), { timeout: 30_000 }).toBeGreaterThan(lifetime)

  const { refreshes } = demo.counters
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok, 1 refresh.' }).waitFor()
  expect(demo.counters.refreshes).toBe(refreshes + 1)
  expect(demo.counters.apiUnauthorized).toBe(0)
  expect(await figure('failed')).toBe(0)
})
