import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'

import { findChromium, flags } from '../../../scripts/chromium.ts'
import { feedProtocol, paths } from '../src/contract.ts'
import { openServers, type Servers } from './servers.ts'

let browser: Browser
beforeAll(async () => {
  const executablePath = findChromium()
  browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: flags })
})
afterAll(() => browser?.close())

interface InPage extends Servers {
  readonly page: Page
  readonly accessToken: string
}

/** Opens an empty page at the demo's origin: what works there works in every page of it. */
async function openPage(context: TestContext): Promise<InPage> {
  const servers = await openServers(context)
  const { accessToken = '' } = await servers.session.acquire()
  const page = await browser.newPage()
  context.onTestFinished(() => page.close())
  await page.goto(`${servers.demo.url}api/none`)
  return { ...servers, page, accessToken }
}

it('lets its page in everywhere, with a token, a cookie or a ticket', async (context) => {
  const { demo, page, accessToken } = await openPage(context)
  const seen = await page.evaluate(
    async ({ services, protocol, token, where }) => {
      const authorization = `Bearer ${token}`
      await fetch(where.cookie, { method: 'POST', headers: { authorization } })
      const answer = await fetch(where.ticket, { method: 'POST', headers: { authorization } })
      const { ticket } = (await answer.json()) as { ticket: string }

      const firstOf = async (response: Response): Promise<string> => {
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
        const text = (await reader?.read())?.value ?? ''
        await reader?.cancel()
        return `${response.status} ${text.split('\n', 1)[0]}`
      }
      const ticks = `${services.live}${where.ticks}?every=20`
      const track = `${services.media}${where.tracks}/tone-1.wav`
      const range = { range: 'bytes=0-0' }
      const source = new EventSource(ticks, { withCredentials: true })
      const event = await new Promise<string>((resolve) => {
        source.addEventListener('message', ({ lastEventId }) => resolve(lastEventId))
        source.addEventListener('error', () => resolve('error'))
      })
      source.close()
      const opens = (address: string, protocols: string[]): Promise<string> =>
        new Promise((resolve) => {
          const socket = new WebSocket(services.live.replace('http', 'ws') + address, protocols)
          socket.addEventListener('open', () => {
            resolve(socket.protocol)
            socket.close()
          })
          socket.addEventListener('error', () => resolve('error'))
        })
      const plays = (address: string): Promise<string> =>
        new Promise((resolve) => {
          const audio = new Audio(address)
          audio.addEventListener('ended', () => resolve('ended'))
          audio.addEventListener('error', () => resolve(`error ${audio.error?.code}`))
          audio.playbackRate = 8
          audio.play().catch(() => {})
        })
      return {
        resumed: await firstOf(await fetch(ticks, { headers: { authorization, 'last-event-id': '7' } })),
        event: /^\d+$/.test(event),
        told: await firstOf(
          await fetch(services.llm + where.completions, {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/json' },
            body: '{"prompt":"Why?","parts":1,"everyMs":1}',
          }),
        ),
        byCookie: (await fetch(track, { headers: range, credentials: 'include' })).headers.get('content-range'),
        byTicket: (await fetch(`${track}?ticket=${ticket}`, { headers: range, credentials: 'omit' })).status,
        byNothing: (await fetch(track, { headers: range, credentials: 'omit' })).headers.get('www-authenticate'),
        played: await plays(track),
        playedAtLength: await plays(`${services.media}${where.publicTracks}/tone-2.wav`),
        refused: await plays(`${track}?ticket=none`),
        sockets: await Promise.all([
          opens(where.feedClosing, [protocol, `bearer.${token}`]),
          opens(where.feedClosing, [protocol]),
          opens(`${where.feedClosing}?ticket=${ticket}`, [protocol]),
          opens(`${where.feedClosing}?ticket=none`, [protocol]),
          opens(where.feedInBand, [protocol]),
        ]),
      }
    },
    { services: demo.services, protocol: feedProtocol, token: accessToken, where: paths },
  )
  expect(seen).toEqual({
    resumed: '200 id: 8',
    event: true,
    told: '200 id: 0',
    byCookie: 'bytes 0-0/176444',
    byTicket: 206,
    byNothing: 'Bearer realm="reauth demo"',
    played: 'ended',
    playedAtLength: 'ended',
    refused: 'error 4',
    sockets: [feedProtocol, feedProtocol, feedProtocol, 'error', feedProtocol],
  })
})

it('signs in at a chat server and refreshes there, from a page', async (context) => {
  const { demo, page } = await openPage(context)
  const seen = await page.evaluate(
    async ({ north, where }) => {
      const body = JSON.stringify({ person: 'grace' })
      const signedIn = await fetch(north + where.chatSignIn, { method: 'POST', body })
      const tokens = (await signedIn.json()) as { refresh_token: string }
      const form = { grant_type: 'refresh_token', client_id: 'reauth-demo', refresh_token: tokens.refresh_token }
      const refreshed = await fetch(`${north}/token`, { method: 'POST', body: new URLSearchParams(form) })
      const { access_token: token } = (await refreshed.json()) as { access_token: string }
      const profile = await fetch(north + where.chatProfile, { headers: { authorization: `Bearer ${token}` } })
      const metadata = await fetch(`${north}/.well-known/openid-configuration`)
      const { issuer } = (await metadata.json()) as { issuer: string }
      return { issuer, profile: (await profile.json()) as unknown }
    },
    { north: demo.services.north, where: paths },
  )
  expect(seen).toEqual({ issuer: demo.services.north, profile: { id: 'grace', name: 'Grace Hopper' } })
})

it('loses an answer in a way that no browser sends the request again', async (context) => {
  const { demo, page, set } = await openPage(context)
  const post = (): Promise<string> =>
    page.evaluate(async (issuer) => {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: 'reauth-demo' }),
      })
      return response.text().then(
        () => 'told',
        () => 'lost',
      )
    }, demo.issuer)
  // over a connection that is kept, since it is for those that browsers try again
  expect(await post()).toBe('told')
  const { tokenPosts } = demo.counters
  await set({ lostAnswers: 1 })
  expect(await post()).toBe('lost')
  expect(demo.counters.tokenPosts).toBe(tokenPosts + 1)
  expect(await post()).toBe('told')
})

it('gives a page its token at the broker, over twenty reloads, and another page none', async (context) => {
  const { demo, page } = await openPage(context)
  const askBroker = (): Promise<{ status: number; token?: string }> =>
    page.evaluate(
      async (address) => {
        const response = await fetch(address, { method: 'POST', credentials: 'include' })
        const { access_token: token } = (await response.json()) as { access_token: string }
        return { status: response.status, token }
      },
      demo.url + paths.brokerSession.slice(1),
    )
  expect((await askBroker()).status).toBe(401)

  await page.goto(`${demo.url}session/sign-in?return-to=/api/none`)
  await page.getByRole('button', { name: 'Ada Lovelace' }).click()
  await page.waitForURL(`${demo.url}api/none`)
  const { token } = await askBroker()
  expect(token).toBeDefined()
  expect(await page.evaluate('document.cookie')).toBe('')
  for (let reload = 0; reload < 20; reload++) {
    // oxlint-disable-next-line no-await-in-loop
    await page.reload()
    // oxlint-disable-next-line no-await-in-loop
    expect(await askBroker()).toEqual({ status: 200, token })
  }
  expect(demo.counters.refreshes).toBe(0)

  // one of the same site, even, which the cookie goes along with
  await page.goto(`${demo.services.north}/.well-known/openid-configuration`)
  await expect(askBroker()).rejects.toThrow('Failed to fetch')
  expect(demo.counters.broker).toMatchObject({ foreign: 1, requests: 22 })
})
