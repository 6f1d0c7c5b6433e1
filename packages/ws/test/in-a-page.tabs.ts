import type { TokenSet } from '@reauth/core'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import { authenticate } from '../src/authenticate.ts'
import { scenarios } from './support/behaviours.ts'
import type { SocketPage } from './support/page.ts'
import { servePage } from './support/serve-page.ts'
import { serveScenarios } from './support/serve-scenarios.ts'
import { createWorld, type World } from './support/world.ts'

type Script = typeof globalThis & SocketPage

let browser: Browser

beforeAll(async () => {
  const executablePath = findChromium()
  browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: flags,
    // As users have it.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
})
afterAll(() => browser.close())

interface Visit extends World {
  readonly page: Page
  /** Everything that the browser wrote to its console. */
  readonly console: readonly string[]
  /** Voids the access token of the page. */
  revoke(): Promise<void>
  heard<Key extends keyof SocketPage['heard']>(key: Key): Promise<SocketPage['heard'][Key]>
}

/** Opens a page in which alice is signed in. */
async function visit(): Promise<Visit> {
  const world = await createWorld()
  const { issuer, server } = world
  const served = await servePage({ origin: server.origin, url: server.url })
  const context = await browser.newContext()
  const page = await context.newPage()
  const lines: string[] = []
  page.on('console', (message) => lines.push(message.text()))
  page.on('pageerror', (error) => lines.push(String(error)))
  await page.exposeFunction('refreshInNode', (tokens: TokenSet) =>
    issuer.refresh({ tokens, reason: 'stale', signal: new AbortController().signal }),
  )
  await page.goto(`${served.origin}/`)
  onTestFinished(async () => {
    await context.close()
    await served.close()
    await world[Symbol.asyncDispose]()
    expect(issuer.misuse).toEqual([])
    for (const line of lines) expect(issuer.isTokenIn(line)).toBe(false)
    for (const { url } of server.dials) expect(issuer.isTokenIn(url)).toBe(false)
  })
  await page.evaluate((tokens) => (globalThis as Script).session.signIn(tokens), issuer.signIn().tokens)
  return {
    ...world,
    page,
    console: lines,
    async revoke() {
      issuer.revokeAccessToken(
        await page.evaluate(async () => (await (globalThis as Script).session.tokens())?.accessToken),
      )
    },
    heard: (key) => page.evaluate((name) => (globalThis as Script).heard[name] as never, key),
  }
}

const bySubprotocol = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { connect, placements } = globalThis as Script
    connect({ placement: placements.subprotocol(), protocols: 'feed', backoff: { minMs: 10, maxMs: 40 } })
  })
const opened = (page: Page): Promise<unknown> =>
  page.evaluate(() => {
    const { next, socket } = globalThis as Script
    return socket.readyState === 1 ? undefined : next(socket, 'open').then(() => undefined)
  })

/** What the browser says to a page that was frozen; no page that is in sight is. */
const resume = (page: Page): Promise<boolean> => page.evaluate(() => document.dispatchEvent(new Event('resume')))

describe('a page', () => {
  it('connects with a subprotocol, of which the server chooses the other one', async () => {
    const { page, server, issuer } = await visit()
    await bySubprotocol(page)
    await opened(page)
    expect(issuer.check(server.dials[0]?.token ?? '')).toBe('ok')
    expect(await page.evaluate(() => (globalThis as Script).socket.protocol)).toBe('feed')
  })

  it('connects with a cookie, and with a ticket that is new each time', async () => {
    const { page, server } = await visit()
    await page.context().addCookies([{ name: 'token', value: 'from-the-jar', url: server.origin }])
    await page.evaluate(() => {
      const { connect, placements } = globalThis as Script
      connect({ placement: placements.cookie() })
    })
    await opened(page)
    expect(server.dials[0]?.token).toBe('from-the-jar')
    await page.evaluate(() => {
      const { connect, placements } = globalThis as Script
      let tickets = 0
      connect({ placement: placements.ticket(() => `t-${++tickets}`), backoff: { minMs: 1, maxMs: 1 } })
    })
    await opened(page)
    for (const client of server.sockets) client.terminate()
    await expect.poll(() => server.dials.map(({ url }) => url)).toContain('/feed?ticket=t-2')
    expect(await page.evaluate(() => (globalThis as Script).socket.url)).not.toContain('ticket')
  })

  it('sends the credential first, and each newer one in band', async () => {
    const { page, server, issuer } = await visit()
    const tokens: string[] = []
    server.serve = (socket) => {
      void authenticate(socket, {
        async verify(token) {
          tokens.push(token)
          return issuer.check(token) === 'ok' ? { identity: 'alice' } : Promise.reject(new Error('not good'))
        },
      })
    }
    await page.evaluate(() => {
      const { connect, placements } = globalThis as Script
      connect({ placement: placements.firstMessage() })
    })
    await opened(page)
    await page.evaluate(() => (globalThis as Script).session.refresh().then(() => undefined))
    await expect.poll(() => new Set(tokens).size).toBe(2)
    expect(server.dials).toHaveLength(1)
  })

  it('renews once for handshakes that are refused, which it cannot tell from a server that is gone', async () => {
    const { page, server, issuer, revoke, heard } = await visit()
    server.admit = ({ token }) => (issuer.check(token ?? '') === 'ok' ? undefined : { status: 401 })
    await revoke()
    await bySubprotocol(page)
    await opened(page)
    expect([server.dials.length, issuer.refreshes]).toEqual([3, 1])
    expect((await heard('losses')).map(({ reason }) => reason)).toEqual(['lost', 'refused'])
  })

  it.each([401, 403, 503])('renews no second time, however often it is answered %i', async (status) => {
    const { page, server, issuer, heard } = await visit()
    server.admit = () => ({ status })
    await bySubprotocol(page)
    await expect.poll(() => server.dials.length, { timeout: 10_000 }).toBeGreaterThan(10)
    expect(issuer.refreshes).toBe(1)
    expect(await heard('closes')).toEqual([])
  })

  it.each([
    [4401, 2, 1],
    [3000, 2, 1],
    [1008, 2, 0],
    [1012, 2, 0],
    [4403, 1, 0],
  ])('that is closed with %i dials %i times in all, for %i refreshes', async (code, dials, refreshes) => {
    const { page, server, issuer, revoke, heard } = await visit()
    await bySubprotocol(page)
    await opened(page)
    await revoke()
    for (const client of server.sockets) client.close(code, 'because')
    if (dials === 2) {
      await expect.poll(() => server.dials.length).toBe(2)
      await opened(page)
    } else await expect.poll(() => heard('types')).toContain('close')
    expect([server.dials.length, issuer.refreshes]).toEqual([dials, refreshes])
  })

  it('is back after its server was cut off, and gone for a while', async () => {
    const { page, server, issuer } = await visit()
    await bySubprotocol(page)
    await opened(page)
    await server.stop()
    await expect.poll(() => page.evaluate(() => (globalThis as Script).heard.losses.length)).toBeGreaterThan(5)
    await server.start()
    await opened(page)
    expect(issuer.refreshes).toBeLessThanOrEqual(1)
  })

  it('hands back what a broken connection had not sent', async () => {
    const { page, server, heard } = await visit()
    server.serve = (socket) => {
      socket.pause()
    }
    await bySubprotocol(page)
    await opened(page)
    await page.evaluate(() => {
      for (let ordinal = 0; ordinal < 40; ordinal++) (globalThis as Script).socket.send(ordinal + 'x'.repeat(1_000_000))
    })
    for (const client of server.sockets) client.terminate()
    await expect.poll(() => heard('types')).toContain('reconnecting')
    const ordinals = (await heard('undelivered')).map((message) => Number.parseInt(message as string, 10))
    expect(ordinals.length).toBeGreaterThan(10)
    expect(ordinals).toEqual(Array.from(ordinals, (_, index) => 40 - ordinals.length + index))
  })

  it('does not dial while it is offline, and does at once when it is back', async () => {
    const { page, server, heard } = await visit()
    await bySubprotocol(page)
    await opened(page)
    await page.context().setOffline(true)
    for (const client of server.sockets) client.terminate()
    await expect.poll(() => heard('types')).toContain('reconnecting')
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(server.dials).toHaveLength(1)
    await page.context().setOffline(false)
    await opened(page)
    expect(server.dials).toHaveLength(2)
  })

  it('replaces a connection that may have died while it slept', async () => {
    const { page, server } = await visit()
    await bySubprotocol(page)
    await opened(page)
    await resume(page)
    await expect.poll(() => server.dials.length).toBe(2)
    await opened(page)
    expect(server.sockets.size).toBe(1)
  })

  it('keeps a connection that answers after it slept', async () => {
    const { page, server, heard } = await visit()
    server.serve = (socket) => {
      socket.on('message', () => {
        socket.send('pong')
      })
    }
    await page.evaluate(() => {
      const { connect, placements } = globalThis as Script
      connect({
        placement: placements.subprotocol(),
        protocols: 'feed',
        heartbeat: { message: 'ping', timeoutMs: 500 },
      })
    })
    await opened(page)
    await resume(page)
    await expect.poll(() => heard('messages')).toEqual(['pong'])
    expect(server.dials).toHaveLength(1)
  })

  it('lets go of its connection in the back/forward cache, and connects when it comes out', async () => {
    const { page, server } = await visit()
    await bySubprotocol(page)
    await opened(page)
    const { origin } = new URL(page.url())
    await page.goto(`${origin}/elsewhere`)
    await expect.poll(() => server.sockets.size).toBe(0)
    await page.goBack({ waitUntil: 'commit' })
    // The same page, with all that it held.
    expect(await page.evaluate(() => 'heard' in globalThis)).toBe(true)
    await opened(page)
    expect(server.dials).toHaveLength(2)
  })

  it('shows no token in what it traces', async () => {
    const { page, server, issuer, revoke } = await visit()
    await bySubprotocol(page)
    await opened(page)
    await revoke()
    for (const client of server.sockets) client.close(4401)
    await expect.poll(() => server.dials.length).toBe(2)
    const traces = await page.evaluate(() => (globalThis as Script).traces)
    expect(traces.some((entry) => entry.includes('"reconnect"'))).toBe(true)
    expect(traces.filter((entry) => issuer.isTokenIn(entry))).toEqual([])
  })
})

describe('a socket of the class in a page', () => {
  it('does what that of the browser does', async () => {
    const { page, server } = await visit()
    serveScenarios(server)
    for (const name of Object.keys(scenarios)) {
      const [browsers, own] = await page.evaluate((asked) => (globalThis as Script).compare(asked), name)
      expect(own, name).toEqual(browsers)
    }
  })
})
