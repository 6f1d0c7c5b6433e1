import { chromium, type Page } from 'playwright'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import type { AuthorizeOptions } from '../src/authorize.ts'
import type { OAuthPage } from './support/page.ts'
import { clientId, exchangeType, type ProviderOptions, type ServedProvider, serveProvider } from './support/provider.ts'
import { type ServedPage, servePage } from './support/serve-page.ts'

type Script = typeof globalThis & OAuthPage

interface World {
  readonly page: Page
  readonly provider: ServedProvider
  readonly served: ServedPage
  /** Goes through a sign-in, and returns what came of it. */
  signIn(options?: AuthorizeOptions, tab?: Page): Promise<unknown>
}

let warmUp: ServedPage

beforeAll(async () => {
  // Bundles the page once.
  warmUp = await servePage()
  await warmUp.close()
})

async function openWorld(issuing: Partial<ProviderOptions> = {}, isBound = false): Promise<World> {
  const served = await servePage()
  const redirectUris = [`${served.origin}/`]
  const provider = await serveProvider({ redirectUris, pageOrigins: [served.origin], ...issuing })
  served.config = { issuer: provider.origin, clientId, isBound }
  const executablePath = findChromium()
  const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: flags })
  const context = await browser.newContext()
  const page = await context.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  onTestFinished(async () => {
    await browser.close()
    await Promise.all([served.close(), provider.close()])
    expect(errors).toEqual([])
  })
  await page.goto(`${served.origin}/`)
  return {
    page,
    provider,
    served,
    async signIn(options = {}, tab = page) {
      const asked = { parameters: { login_hint: 'alice' }, ...options }
      await Promise.all([
        tab.waitForURL((url) => url.origin === served.origin && url.searchParams.has('state')),
        tab.evaluate((given) => void (globalThis as Script).oauth.authorize(given), asked),
      ])
      await tab.waitForLoadState()
      return entered(tab)
    },
  }
}

const entered = (page: Page): Promise<unknown> => page.evaluate(() => (globalThis as Script).entered)
const stateOf = (page: Page): Promise<object> => page.evaluate(() => (globalThis as Script).session.state)
const whoAmI = (page: Page): Promise<unknown> => page.evaluate(() => (globalThis as Script).whoAmI())
const tokenOf = (page: Page): Promise<string | undefined> =>
  page.evaluate(async () => (await (globalThis as Script).session.tokens())?.refreshToken)

describe('a page at the real authorization server', () => {
  it('signs in, with one exchange for two that handle the callback, and shows no code afterwards', async () => {
    const { page, provider, served, signIn } = await openWorld()
    expect(await entered(page)).toBe('nothing')
    expect(await signIn()).toBe('signed in')
    expect(page.url()).toBe(`${served.origin}/`)
    expect(provider.grants).toEqual({ authorization_code: 1 })
    expect(await whoAmI(page)).toEqual({ sub: 'alice' })
  })

  it('signs in beside another tab at the same time, each by its own answer', async () => {
    const { page, provider, served, signIn } = await openWorld()
    // The issuer knows the browser: of two first logins at once it refuses one.
    await signIn()
    const other = await page.context().newPage()
    await other.goto(`${served.origin}/`)
    expect(await Promise.all([signIn(), signIn({}, other)])).toEqual(['signed in', 'signed in'])
    expect(provider.grants).toEqual({ authorization_code: 3 })
    for (const tab of [page, other]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await whoAmI(tab)).toEqual({ sub: 'alice' })
    }
    await page.evaluate(() => (globalThis as Script).session.refresh())
    expect(provider.reuseDetected).toBe(0)
  })

  it('refreshes, and its refresh token rotates', async () => {
    const { page, provider, signIn } = await openWorld()
    await signIn()
    const before = await tokenOf(page)
    await page.evaluate(() => (globalThis as Script).session.refresh())
    expect(await tokenOf(page)).not.toBe(before)
    expect(await stateOf(page)).toMatchObject({ status: 'active', version: 2 })
    expect(provider).toMatchObject({ reuseDetected: 0, grants: { refresh_token: 1 } })
  })

  it('survives twenty reloads with a token that has lapsed each time, with one refresh each', async () => {
    const { page, provider, signIn } = await openWorld({ accessTokenSeconds: 1 })
    await signIn()
    for (let reload = 1; reload <= 20; reload++) {
      await page.reload()
      const { refresh_token: before = 0 } = provider.grants
      expect(await entered(page), `reload ${reload}`).toBe('nothing')
      await page.evaluate(() => Promise.all([1, 2, 3].map(() => (globalThis as Script).session.acquire())))
      expect(await stateOf(page), `reload ${reload}`).toMatchObject({ status: 'active' })
      expect((provider.grants['refresh_token'] ?? 0) - before, `reload ${reload}`).toBeLessThanOrEqual(1)
    }
    expect(provider).toMatchObject({ reuseDetected: 0, grants: { authorization_code: 1 } })
  })

  it('exchanges a token where the refresh token was rejected', async () => {
    const { page, provider, signIn } = await openWorld()
    await signIn()
    provider.endGrantsOf('alice')
    await page.evaluate(() => (globalThis as Script).session.refresh())
    expect(await stateOf(page)).toMatchObject({ status: 'active', version: 2 })
    expect(provider.grants).toMatchObject({ [exchangeType]: 1 })
  })

  it('signs out at once, and the issuer hears of it', async () => {
    const { page, signIn } = await openWorld()
    await signIn()
    const status = await page.evaluate(async () => {
      const { oauth, session } = globalThis as Script
      const tokens = await session.tokens()
      await session.signOut()
      await oauth.revoke(tokens)
      const refresh = oauth.refresh({ tokens: tokens ?? {}, reason: 'asked', signal: new AbortController().signal })
      return refresh.then(
        () => 'refreshed',
        ({ reason }: { reason: string }) => reason,
      )
    })
    expect(status).toBe('rejected')
    expect(await stateOf(page)).toEqual({ status: 'signed-out' })
  })

  it('steps up: another sign-in, and the same session', async () => {
    const { page, signIn } = await openWorld()
    await signIn()
    const stronger = { acrValues: 'urn:second-factor', maxAge: 60, prompt: 'login consent' }
    expect(await signIn({ ...stronger, parameters: { login_hint: 'alice' } })).toBe('signed in')
    expect(await stateOf(page)).toMatchObject({ status: 'active', epoch: 1, version: 2 })
  })

  it('binds its tokens to a key that stays over a reload, and answers each challenge for a nonce', async () => {
    const { page, provider, signIn } = await openWorld({ requiresNonce: true }, true)
    expect(await signIn()).toBe('signed in')
    expect(await page.evaluate(async () => (await (globalThis as Script).session.acquire()).tokenType)).toBe('DPoP')
    await page.reload()
    expect(await whoAmI(page)).toEqual({ sub: 'alice' })
    await page.evaluate(() => (globalThis as Script).session.refresh())
    expect(await whoAmI(page)).toEqual({ sub: 'alice' })
    expect(await stateOf(page)).toMatchObject({ status: 'active', version: 2 })
    expect(provider.reuseDetected).toBe(0)
  })

  it('says who did not sign in and why, and keeps the session that there is', async () => {
    const { page, served, signIn } = await openWorld()
    await signIn()
    expect(await signIn({ parameters: { login_hint: 'nobody' } })).toEqual({ reason: 'denied' })
    expect(await stateOf(page)).toMatchObject({ status: 'active', epoch: 1 })
    await page.goto(`${served.origin}/?code=stolen&state=foreign`)
    expect(await entered(page)).toEqual({ reason: 'foreign' })
    expect(await whoAmI(page)).toEqual({ sub: 'alice' })
  })
})
