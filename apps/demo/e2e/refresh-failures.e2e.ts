import type { Route } from 'playwright'
import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

const answer = (status: number, contentType: string, body: string) => (route: Route) =>
  route.fulfill({ status, contentType, body, headers: { 'access-control-allow-origin': '*' } })

it.each([
  ['unavailable', 'a 503', answer(503, 'application/json', '{"error":"temporarily_unavailable"}')],
  ['unavailable', 'a 429', answer(429, 'text/plain', 'slow down')],
  ['unavailable', 'the page of a captive portal', answer(200, 'text/html', '<h1>Welcome to the hotel</h1>')],
  ['misconfigured', 'invalid_client', answer(401, 'application/json', '{"error":"invalid_client"}')],
  [
    'misconfigured',
    'an empty access token',
    answer(200, 'application/json', '{"access_token":"","token_type":"Bearer"}'),
  ],
  ['lost', 'a connection that breaks', (route: Route) => route.abort('connectionreset')],
])('takes the session through a refresh that is %s: %s', async (reason, _what, fault) => {
  const { demo, page, button, finding, signIn, quiet, status, trace } = await openWorld()
  await signIn()
  await quiet()
  const endpoint = `${demo.issuer}/token`
  await page.route(endpoint, fault)
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '0 of 10 calls ok' }).waitFor()
  expect(await trace.getByRole('listitem').filter({ hasText: 'refresh-failed' }).textContent()).toContain(reason)
  expect(await status.textContent()).toBe('Signed in')

  await page.unroute(endpoint)
  await expect
    .poll(
      async () => {
        await button('10 calls at once').click()
        return finding.textContent()
      },
      { timeout: 30_000 },
    )
    .toContain('10 of 10 calls ok')
  expect(demo.counters.refreshes).toBe(1)
  expect(demo.counters.refreshesRefused).toBe(0)
})
