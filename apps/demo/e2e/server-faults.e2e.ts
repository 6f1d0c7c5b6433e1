import { createFetch } from '@reauth/fetch'
import { describe, expect, it } from 'vitest'

import {
  defaultSettings,
  paths,
  type Replayed,
  type Revoked,
  type SiblingRequest,
  type Siblings,
} from '../src/contract.ts'
import { openServers, type Servers, until } from './servers.ts'

/** Calls the API as an application would. */
const call = async ({ demo, session }: Servers): Promise<number> =>
  (await createFetch(session)(demo.url + paths.work.slice(1))).status

describe.concurrent('faults', () => {
  it('revokes access tokens: one refresh, and nobody notices', async (context) => {
    const servers = await openServers(context)
    expect(await servers.press<Revoked>(paths.revokeAccessToken)).toEqual({ revoked: 1 })
    expect(await Promise.all(Array.from({ length: 10 }, () => call(servers)))).toEqual(Array(10).fill(200))
    expect(servers.demo.counters).toMatchObject({ refreshes: 1, apiOk: 10 })
  })

  it('revokes refresh tokens: the session lasts as long as its access token', async (context) => {
    const servers = await openServers(context)
    expect(await servers.press<Revoked>(paths.revokeRefreshToken)).toEqual({ revoked: 1 })
    expect(await call(servers)).toBe(200)
    await servers.press(paths.revokeAccessToken)
    await expect(call(servers)).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(servers.demo.counters).toMatchObject({ refreshes: 0, refreshesRefused: 1 })
  })

  it('has a thief replay a refresh token: the issuer ends the grant, access token and all', async (context) => {
    const servers = await openServers(context, { replays: 1 })
    expect(await servers.press<Replayed>(paths.replay)).toEqual({ replayed: 1 })
    await expect(call(servers)).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(servers.session.state.status).toBe('expired')
    expect(servers.demo.counters).toMatchObject({ reuseDetected: 1, apiUnauthorized: 1, apiOk: 0 })
  })

  it('signs in on five other devices: this one is pushed out, and comes back with one refresh', async (context) => {
    const servers = await openServers(context)
    expect(await servers.press<Siblings>(paths.siblings)).toEqual({ signedIn: 5, pushedOut: 1 })
    expect(await call(servers)).toBe(200)
    expect(await servers.press<Siblings>(paths.siblings, { count: 1 } satisfies SiblingRequest)).toEqual({
      signedIn: 1,
      pushedOut: 1,
    })
    // the oldest is a sibling by now
    expect(await call(servers)).toBe(200)
    expect(servers.demo.counters).toMatchObject({ refreshes: 1, apiUnauthorized: 1, pushedOut: 3 })
  })

  it('denies with 403, which costs no refresh', async (context) => {
    const servers = await openServers(context)
    const { demo, session, set } = servers
    await set({ deny: true })
    expect(await call(servers)).toBe(403)
    await set({ deny: false })
    expect(await call(servers)).toBe(200)
    expect((await createFetch(session)(demo.url + paths.vault.slice(1))).status).toBe(403)
    expect(demo.counters).toMatchObject({ apiDenied: 2, tokenPosts: 1 })
  })

  it('loses an answer: with grace the same refresh token is taken again', async (context) => {
    const servers = await openServers(context)
    await servers.set({ lostAnswers: 1, graceSeconds: 60 })
    await expect(servers.session.refresh()).rejects.toMatchObject({ name: 'RefreshError', reason: 'lost' })
    expect(servers.demo.settings.lostAnswers).toBe(0)
    expect(await call(servers)).toBe(200)
    await servers.session.refresh()
    expect(servers.session.state).toMatchObject({ status: 'active', version: 2 })
    expect(servers.demo.counters).toMatchObject({ refreshes: 2, lostAnswers: 1, reuseDetected: 0 })
  })

  it('loses an answer: without grace it is a replay, and the session is over', async (context) => {
    const servers = await openServers(context, { replays: 1 })
    await servers.set({ lostAnswers: 1 })
    await expect(servers.session.refresh()).rejects.toMatchObject({ reason: 'lost' })
    await expect(servers.session.refresh()).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(servers.demo.counters).toMatchObject({ refreshes: 1, lostAnswers: 1, reuseDetected: 1 })
  })

  it('stands behind a captive portal: no verdict, and all is well when it is gone', async (context) => {
    const servers = await openServers(context)
    await servers.set({ captivePortal: true })
    await expect(servers.session.refresh()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect(servers.session.state.status).toBe('active')
    await servers.set({ captivePortal: false })
    await servers.session.refresh()
    expect(servers.demo.counters).toMatchObject({ portalPages: 1, refreshes: 1, tokenPosts: 3 })
  })

  it('has a slow issuer: all wait for one request', async (context) => {
    const servers = await openServers(context)
    await servers.set({ issuerDelayMs: 1000 })
    await servers.press(paths.revokeAccessToken)
    const calls = Promise.all(Array.from({ length: 5 }, () => call(servers)))
    await until(() => servers.demo.counters.tokenPosts === 2)
    await servers.set({ issuerDelayMs: 0 })
    expect(servers.demo.counters).toMatchObject({ refreshes: 0, apiOk: 0 })
    expect(await calls).toEqual(Array(5).fill(200))
    expect(servers.demo.counters).toMatchObject({ refreshes: 1, tokenPosts: 2 })
  })

  it('gives new tokens another lifetime while it runs', async (context) => {
    const { session, set } = await openServers(context)
    const lifeOf = async (): Promise<number> => ((await session.refresh()).expiresAt ?? 0) - Date.now()
    await set({ accessTokenSeconds: 7 })
    expect(await lifeOf()).toBeLessThanOrEqual(7000)
    await set({ accessTokenSeconds: 90 })
    expect(await lifeOf()).toBeGreaterThan(80_000)
  })

  it('refuses settings that are none, and changes nothing then', async (context) => {
    const { demo, ada, set } = await openServers(context)
    for (const body of [
      '{"accessTokenSeconds":0}',
      '{"tokenCap":1.5}',
      '{"deny":"yes"}',
      '{"corruptTrack":1}',
      '{"deny":true,"other":1}',
      '[]',
      '{',
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await ada.fetch(demo.url + paths.settings.slice(1), { method: 'POST', body })
      expect(response.status, body).toBe(400)
    }
    expect(demo.settings).toEqual({ ...defaultSettings, accessTokenSeconds: 600 })
    expect(await set({})).toEqual(demo.settings)
  })

  it('streams the counters to its page, and keeps tokens out of them', async (context) => {
    const servers = await openServers(context)
    const { demo, ada, issued } = servers
    const response = await ada.fetch(demo.url + paths.counters.slice(1))
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async (): Promise<string> => (await reader?.read())?.value ?? ''
    const first = await next()
    expect(first).toContain('"apiOk":0')
    await call(servers)
    const second = await next()
    expect(second).toContain('"apiOk":1')
    await reader?.cancel()
    for (const { value } of issued) expect(first + second).not.toContain(value)
  })
})
