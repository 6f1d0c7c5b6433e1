import { expect, it } from 'vitest'

import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('starts one session, exchanges one code and refreshes once where effects run twice', async () => {
  const { demo, page, button, fact, finding, signIn, quiet, status, trace } = await openWorld()
  // an effect of the page opens it: how often says how often effects ran
  await page.addInitScript(() => {
    const opened: unknown[] = []
    const Native = EventSource
    Object.assign(globalThis, {
      opened,
      EventSource: class extends Native {
        constructor(url: string) {
          super(url)
          opened.push(url)
        }
      },
    })
  })
  await signIn()
  expect(await page.evaluate('opened.length')).toBe(2)
  expect(demo.counters.tokenPosts).toBe(1)

  await page.reload()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  expect(await page.evaluate('opened.length')).toBe(2)
  expect(demo.counters.tokenPosts).toBe(1)
  expect(await fact('epoch')).toBe('1')
  expect(await fact('version')).toBe('1')
  expect(await trace.textContent()).not.toContain('×')

  await quiet()
  await button('Revoke the access token').click()
  await finding.filter({ hasText: 'The access token is dead' }).waitFor()
  await button('10 calls at once').click()
  await finding.filter({ hasText: '1 refresh.' }).waitFor()
  expect(demo.counters.refreshes).toBe(1)
})

it('survives twenty reloads with one refresh each at the most, and never asks for a sign-in', async () => {
  const { demo, page, signIn, status } = await openWorld({ accessTokenSeconds: 2 })
  await signIn()
  await page.addInitScript(() => {
    const seen: string[] = []
    Object.assign(globalThis, { seen })
    new MutationObserver(() => {
      const text = document.querySelector('.status')?.textContent ?? ''
      if (text !== '' && seen.at(-1) !== text) seen.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
  for (let reload = 1; reload <= 20; reload++) {
    const { refreshes } = demo.counters
    await page.reload()
    await status.filter({ hasText: 'Signed in' }).waitFor()
    expect(await page.evaluate('seen'), `reload ${reload}`).not.toContain('Signed out')
    expect(demo.counters.refreshes - refreshes, `reload ${reload}`).toBeLessThanOrEqual(1)
  }
  expect(demo.counters.codeExchanges).toBe(1)
  expect(demo.counters.reuseDetected).toBe(0)
})

it('never shows "Signed out" on the way back from the issuer', async () => {
  const { page, signIn } = await openWorld()
  await page.addInitScript(() => {
    const seen: string[] = []
    Object.assign(globalThis, { seen })
    new MutationObserver(() => {
      const text = document.querySelector('.status')?.textContent ?? ''
      if (text !== '' && seen.at(-1) !== text) seen.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
  await signIn()
  expect(await page.evaluate('seen')).toEqual(['Signing in…', 'Signed in'])
})

it('asks who it is after a sign-out, and tells the issuer that the tokens are done with', async () => {
  const { demo, page, button, fact, signIn, status, trace } = await openWorld()
  await signIn()
  const revocation = page.waitForResponse((response) => response.url().endsWith('/token/revocation'))
  await button('Sign out').click()
  await status.filter({ hasText: 'Signed out' }).waitFor()
  expect((await revocation).status()).toBe(200)
  expect(await trace.textContent()).toContain('signed-out')

  await page.reload()
  await status.filter({ hasText: 'Signed out' }).waitFor()
  await button('Sign in').click()
  await button('Grace Hopper').click()
  await status.filter({ hasText: 'Signed in' }).waitFor()
  expect(await fact('identity')).toBe('grace')
  expect(demo.counters.codeExchanges).toBe(2)
})

it('refuses an answer that it did not ask for, and signs in after it', async () => {
  const { demo, page, signIn } = await openWorld()
  await page.goto(`${demo.url}?code=stolen&state=foreign&iss=${encodeURIComponent(demo.issuer)}`)
  await page.getByRole('alert').filter({ hasText: 'is foreign; start again' }).waitFor()
  expect(page.url()).toBe(demo.url)
  expect(demo.counters.tokenPosts).toBe(0)
  await signIn()
  expect(demo.counters.codeExchanges).toBe(1)
})
