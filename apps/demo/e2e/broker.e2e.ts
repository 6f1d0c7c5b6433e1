import {
  createKeyedLock,
  createSession,
  type Credential,
  parseTokenResponse,
  type Session,
  type TokenSet,
  type TraceEntry,
} from '@reauth/core'
import { createFetch, refreshEndpoint } from '@reauth/fetch'
import { firstMessage } from '@reauth/ws'
import { createWebSocket } from '@reauth/ws/node'
import { describe, expect, it, type TestContext } from 'vitest'

import { type BrokerAnswer, type BrokerRequest, feedProtocol, parameters, paths } from '../src/contract.ts'
import { createBrokerRecords } from '../src/server/broker-records.ts'
import { createPerson, type Person } from './person.ts'
import { openServers, type Servers, until } from './servers.ts'

/** Asks the broker as a page does. */
const ask = ({ demo }: Servers, person: Person, body?: BrokerRequest, signal?: AbortSignal): Promise<Response> =>
  person.fetch(demo.url + paths.brokerSession.slice(1), {
    method: 'POST',
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  })

const answerOf = async (answer: Response | Promise<Response>): Promise<BrokerAnswer> => {
  const response = await answer
  expect(response.status).toBe(200)
  return (await response.json()) as BrokerAnswer
}

async function openBroker(context: TestContext, accessTokenSeconds = 600): Promise<Servers> {
  const servers = await openServers(context, { accessTokenSeconds })
  await servers.ada.signInAtBroker()
  return servers
}

/** Refreshes of the one key that there is. */
const refreshesOf = ({ demo }: Servers): number => Object.values(demo.counters.broker.refreshesByKey)[0] ?? 0

describe.concurrent('the broker', () => {
  it('serves 200 concurrent requests for 20 keys, over three lifetimes, with one refresh per key and lifetime', async (context) => {
    const lifetime = 4
    const servers = await openServers(context, { accessTokenSeconds: lifetime })
    const { demo, set, brokerTrace, issued } = servers
    await set({ tokenCap: 1000 })
    const people = Array.from({ length: 20 }, (_, index) => createPerson(demo, index % 2 === 0 ? 'ada' : 'grace'))
    await Promise.all(people.map((person) => person.signInAtBroker()))

    const volley = async (): Promise<void> => {
      const answers = await Promise.all(
        people.map((person) => Promise.all(Array.from({ length: 10 }, async () => answerOf(ask(servers, person))))),
      )
      for (const [index, same] of answers.entries()) {
        expect(new Set(same.map(({ access_token: token }) => token)).size).toBe(1)
        expect(same[0]?.identity).toBe(`${demo.issuer}#${index % 2 === 0 ? 'ada' : 'grace'}`)
      }
      expect(new Set(answers.map(([first]) => first?.access_token)).size).toBe(20)
    }
    for (let lifetimes = 1; lifetimes <= 3; lifetimes++) {
      const newest = Math.max(...issued.map(({ issuedAt }) => issuedAt))
      // oxlint-disable-next-line no-await-in-loop
      await until(() => Date.now() / 1000 > newest + lifetime + 0.1)
      // oxlint-disable-next-line no-await-in-loop
      await volley()
      // oxlint-disable-next-line no-await-in-loop
      await volley()
      const { refreshesByKey, locks } = demo.counters.broker
      expect(Object.values(refreshesByKey)).toEqual(Array(20).fill(lifetimes))
      expect(locks).toBe(0)
    }
    expect(demo.counters).toMatchObject({ refreshes: 60, refreshesRefused: 0, reuseDetected: 0 })
    expect(demo.counters.broker).toMatchObject({ requests: 1200, unauthorized: 0, unavailable: 0 })

    // what it did is told, without a token
    const log = JSON.stringify(brokerTrace)
    const told = brokerTrace.filter(({ type, level }) => type === 'refreshed' && level === 'info')
    expect(told).toHaveLength(60)
    for (const { value } of issued) expect(log).not.toContain(value)
  })

  it('is what keeps single-use refresh tokens alive: one written by hand loses them without its lock', async (context) => {
    const { demo, oauth } = await openServers(context, { replays: 'some' })
    const records = new Map<string, TokenSet>()
    const lock = createKeyedLock()
    for (const key of ['with', 'without']) {
      // oxlint-disable-next-line no-await-in-loop
      records.set(key, await createPerson(demo, 'ada').signIn(oauth))
    }
    /** What a request does that was told of a dead access token: unless another one has it by now, it gets a new one. */
    async function renew(key: string, dead: string | undefined): Promise<void> {
      const tokens = records.get(key)
      if (tokens === undefined || tokens.accessToken !== dead) return
      records.set(key, await oauth.refresh({ tokens, reason: 'refused', signal: AbortSignal.timeout(10_000) }))
    }
    const requests = (key: string, run: (task: () => Promise<void>) => Promise<void>): Promise<string[]> => {
      const dead = records.get(key)?.accessToken
      const outcome = (): Promise<string> =>
        run(() => renew(key, dead)).then(
          () => 'ok',
          (error: unknown) => (error as { reason?: string }).reason ?? String(error),
        )
      return Promise.all(Array.from({ length: 10 }, outcome))
    }

    expect(await requests('with', (task) => lock.run('with', task))).toEqual(Array(10).fill('ok'))
    expect(demo.counters).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    expect(lock.size).toBe(0)

    const outcomes = await requests('without', (task) => task())
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'rejected')).toHaveLength(9)
    expect(demo.counters.reuseDetected).toBeGreaterThanOrEqual(1)
    // the issuer has ended the grant: what the one that was served got is as dead as all the others
    expect(await requests('without', (task) => lock.run('without', task))).toEqual(Array(10).fill('rejected'))
    const headers = { authorization: `Bearer ${records.get('without')?.accessToken}` }
    expect((await fetch(demo.url + paths.work.slice(1), { headers })).status).toBe(401)
    expect(await requests('with', (task) => lock.run('with', task))).toEqual(Array(10).fill('ok'))
  })

  it('queues all who want one record on its lock, whatever they know of each other', async (context) => {
    const { demo, oauth } = await openServers(context)
    const records = createBrokerRecords()
    const trace: TraceEntry[] = []
    const open = (): Session =>
      createSession({
        name: 'one',
        storage: records.storage,
        refresh: oauth.refresh,
        trace: (entry) => trace.push(entry),
      })
    const sessions = Array.from({ length: 10 }, open)
    await sessions[0]?.signIn(await createPerson(demo, 'ada').signIn(oauth))
    const held = await Promise.all(sessions.map(async (session) => session.acquire()))
    const renewed = await Promise.all(
      sessions.map(async (session, index) => session.acquire({ refused: held[index] as Credential })),
    )
    expect(new Set(renewed.map(({ accessToken }) => accessToken)).size).toBe(1)
    await Promise.all(sessions.map(async (session) => session[Symbol.asyncDispose]()))
    expect(demo.counters.refreshes).toBe(1)
    // who comes second finds what the first one got, and does not even begin
    expect(trace.filter(({ type }) => type === 'refresh-start')).toHaveLength(1)
    await until(() => records.locks === 0)
  })

  it('serves an answer again that a reload has lost, and replays nothing', async (context) => {
    const servers = await openBroker(context)
    const { demo, ada, issued, press, set } = servers
    const { access_token: refused } = await answerOf(ask(servers, ada))
    await press(paths.revokeAccessToken)
    await set({ issuerDelayMs: 300 })
    const posts = demo.counters.tokenPosts
    for (let reload = 0; reload < 5; reload++) {
      const page = new AbortController()
      const lost = ask(servers, ada, { refused }, page.signal)
      // oxlint-disable-next-line no-await-in-loop
      await until(() => demo.counters.tokenPosts === posts + 1)
      page.abort()
      // oxlint-disable-next-line no-await-in-loop
      await expect(lost).rejects.toThrow('abort')
    }
    const { access_token: token } = await answerOf(ask(servers, ada, { refused }))
    expect(token).toBe(issued.findLast(({ kind }) => kind === 'access token')?.value)
    expect(await answerOf(ask(servers, ada, { refused }))).toMatchObject({ access_token: token })
    expect(demo.counters).toMatchObject({ tokenPosts: posts + 1, refreshes: 1, reuseDetected: 0 })
  })

  it('refreshes once for all who say that a token was refused, and never for an older one', async (context) => {
    const servers = await openBroker(context)
    const { ada } = servers
    const first = await answerOf(ask(servers, ada))
    expect(first.expires_in).toBeGreaterThan(590)
    expect(first).not.toHaveProperty('refresh_token')
    const refused = first.access_token
    const answers = await Promise.all(Array.from({ length: 10 }, () => answerOf(ask(servers, ada, { refused }))))
    const tokens = new Set(answers.map(({ access_token: token }) => token))
    expect(tokens.size).toBe(1)
    expect(tokens.has(refused)).toBe(false)
    await answerOf(ask(servers, ada, { refused }))
    expect(refreshesOf(servers)).toBe(1)
  })

  it('answers 502 while there is no answer of the issuer, leaves the record as it was, and goes on after it', async (context) => {
    const servers = await openBroker(context)
    const { ada, set, demo } = servers
    const { access_token: refused } = await answerOf(ask(servers, ada))
    await servers.press(paths.revokeAccessToken)
    await set({ captivePortal: true })
    const portal = await ask(servers, ada, { refused })
    expect([portal.status, await portal.text()]).toEqual([502, expect.not.stringContaining('Wi-Fi')])
    await set({ captivePortal: false, lostAnswers: 1, graceSeconds: 60 })
    await until(async () => (await ask(servers, ada, { refused })).status === 200)
    expect(demo.counters).toMatchObject({ portalPages: 1, lostAnswers: 1, reuseDetected: 0 })
  })

  it('answers 401 to whom it does not know, and to whom the issuer does not know any more', async (context) => {
    const servers = await openBroker(context)
    const { demo, ada, press } = servers
    expect((await ask(servers, createPerson(demo, 'grace'))).status).toBe(401)
    const { access_token: refused } = await answerOf(ask(servers, ada))
    await press(paths.revokeRefreshToken)
    expect((await ask(servers, ada)).status).toBe(200)
    expect((await ask(servers, ada, { refused })).status).toBe(401)
    expect((await ask(servers, ada, { refused })).status).toBe(401)
    expect(demo.counters).toMatchObject({ refreshesRefused: 1 })

    await ada.signInAtBroker()
    const before = await answerOf(ask(servers, ada))
    await ada.signInAtBroker()
    const again = await answerOf(ask(servers, ada))
    const statusOf = async ({ access_token: token }: BrokerAnswer): Promise<number> =>
      (await fetch(demo.url + paths.work.slice(1), { headers: { authorization: `Bearer ${token}` } })).status
    expect([await statusOf(before), await statusOf(again)]).toEqual([401, 200])
    await ada.fetch(demo.url + paths.brokerSignOut.slice(1), { method: 'POST' })
    expect((await ask(servers, ada)).status).toBe(401)
    expect(await statusOf(again)).toBe(401)
  })

  it('answers its own page only, and begins no sign-in for others', async (context) => {
    const servers = await openBroker(context)
    const { demo, ada } = servers
    const cookie = `reauth-demo-broker=${ada.cookie('reauth-demo-broker')}`
    const session = demo.url + paths.brokerSession.slice(1)
    const statusFrom = async (headers: Record<string, string>, method = 'POST'): Promise<number> =>
      (await fetch(session, { method, headers: { cookie, ...headers } })).status
    expect(await statusFrom({})).toBe(403)
    expect(await statusFrom({ origin: 'https://evil.example' })).toBe(403)
    expect(await statusFrom({ origin: demo.services.north })).toBe(403)
    expect(await statusFrom({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await statusFrom({ 'sec-fetch-site': 'same-origin' }, 'GET')).toBe(404)
    expect(await statusFrom({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(demo.counters.broker).toMatchObject({ foreign: 4, requests: 1 })

    const begun = await fetch(`${demo.url}session/sign-in`, { redirect: 'manual' })
    expect(begun.headers.getSetCookie()[0]).toMatch(/; HttpOnly; SameSite=Lax; Max-Age=600$/)
    // who follows the answer to somebody else's sign-in is not signed in as them
    const grace = createPerson(demo, 'grace')
    const answer = await grace.travel(demo.url + paths.brokerSignIn.slice(1), ({ searchParams }) =>
      searchParams.has('code'),
    )
    expect((await ada.fetch(answer)).status).toBe(400)
    expect(await answerOf(ask(servers, ada))).toMatchObject({ identity: `${demo.issuer}#ada` })
    expect((await grace.fetch(answer)).status).toBe(303)
    expect(await answerOf(ask(servers, grace))).toMatchObject({ identity: `${demo.issuer}#grace` })
    for (const place of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
      const query = new URLSearchParams({ [parameters.returnTo]: place })
      // oxlint-disable-next-line no-await-in-loop
      const response = await fetch(`${demo.url}session/sign-in?${query}`, { redirect: 'manual' })
      expect(response.status, place).toBe(400)
    }
    expect((await ask(servers, ada)).headers.getSetCookie()).toEqual([
      expect.stringMatching(/^reauth-demo-session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
  })

  it('stands between a page and the issuer: one refresh serves call, socket and player', async (context) => {
    const servers = await openBroker(context)
    const { demo, ada, press } = servers
    const session = createSession({
      origins: [new URL(demo.url).origin, ...Object.values(demo.services)],
      refresh: (asked) =>
        refreshEndpoint(demo.url + paths.brokerSession.slice(1), {
          fetch: ada.fetch as typeof fetch,
          body: () => (asked.reason === 'refused' ? { refused: asked.tokens.accessToken } : undefined),
        })(asked),
    })
    const { identity, ...first } = await answerOf(ask(servers, ada))
    await session.signIn({ ...parseTokenResponse(first), identity })
    const api = createFetch(session)
    const opened: unknown[] = []
    const socket = createWebSocket(session, `${demo.services.live.replace('http', 'ws')}${paths.feedInBand}`, {
      placement: firstMessage(),
      protocols: feedProtocol,
    })
    socket.addEventListener('open', (event) => opened.push(event))
    await until(() => opened.length === 1)
    const track = (): Promise<Response> =>
      ada.fetch(`${demo.services.media}${paths.tracks}/tone-1.wav`, { headers: { range: 'bytes=0-0' } })
    expect((await track()).status).toBe(206)

    await press(paths.revokeAccessToken)
    expect((await track()).status).toBe(401)
    await press(paths.restart, { service: 'live', downMs: 0 })
    const calls = Array.from({ length: 5 }, () => api(demo.url + paths.work.slice(1)))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(5).fill(200))
    await until(() => opened.length === 2)
    expect((await track()).status).toBe(206)
    socket.close()
    await session[Symbol.asyncDispose]()
    expect(demo.counters).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    expect(session.state).toMatchObject({ identity: `${demo.issuer}#ada` })
  })
})
