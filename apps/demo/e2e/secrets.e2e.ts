import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()
const jwt = /eyJ[\w-]{10,}\.[\w-]{10,}/

it('keeps codes and tokens out of the page, the log, the console, the storage, addresses and referrers', async () => {
  const { demo, page, issued, console, button, finding, signIn, status } = await openWorld({ accessTokenSeconds: 3 })
  const addresses: string[] = []
  const referrers: string[] = []
  page.on('request', (request) => {
    addresses.push(request.url())
    referrers.push(request.headers()['referer'] ?? '')
  })
  await signIn()
  await expect.poll(() => demo.counters.refreshes, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '10 of 10 calls ok' }).waitFor()
  const signedIn = await page.content()
  await button('Revoke the refresh token').click()
  await status.filter({ hasText: 'Session expired' }).waitFor({ timeout: 30_000 })

  const stored = await page.evaluate(() =>
    JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage), document.cookie]),
  )
  const places = {
    signedIn,
    expired: await page.content(),
    console: console.join('\n'),
    stored,
    url: page.url(),
    referrers: referrers.join('\n'),
  }
  // the values of attributes and properties that the markup does not show
  const properties = await page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((element) =>
      [...element.attributes].map(({ value }) => value).concat('value' in element ? String(element.value) : []),
    ),
  )
  const tokens = issued.filter(({ kind }) => kind !== 'code')
  expect(tokens.length).toBeGreaterThanOrEqual(6)
  for (const { value } of issued) {
    for (const [place, text] of Object.entries(places)) expect(text.includes(value), place).toBe(false)
    expect(properties.some((property) => property.includes(value))).toBe(false)
  }
  for (const { value } of tokens) expect(addresses.some((address) => address.includes(value))).toBe(false)
  for (const [place, text] of Object.entries(places)) expect(jwt.test(text), place).toBe(false)
  expect(page.url()).toBe(demo.url)
})
