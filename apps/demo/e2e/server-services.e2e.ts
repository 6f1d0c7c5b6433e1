import { createSession, parseTokenResponse, pollUntil, type ProbeResult, type Session } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { createOAuth } from '@reauth/oauth'
import { createStream } from '@reauth/sse'
import { describe, expect, it } from 'vitest'

import {
  type ChatMessage,
  type ChatServer,
  type CompletionPart,
  type Echo,
  paths,
  type Playlist,
  type Ticket,
  type Uploaded,
  type Workspace,
} from '../src/contract.ts'
import { openServers, type Servers, until } from './servers.ts'

const at = ({ demo }: Servers, path: string): string => demo.url + path.slice(1)

/** Signs in at a chat server, and keeps that session by its own issuer. */
async function signInAt({ demo, ada }: Servers, server: ChatServer, person: string): Promise<Session> {
  const issuer = demo.services[server]
  const response = await ada.fetch(issuer + paths.chatSignIn, { method: 'POST', body: JSON.stringify({ person }) })
  const json: unknown = await response.json()
  const options = { issuer, clientId: 'reauth-demo', redirectUri: demo.url, allowInsecureRequests: true }
  const session = createSession({ name: server, refresh: createOAuth(options).refresh, origins: [issuer] })
  await session.signIn({ ...parseTokenResponse(json), identity: `${issuer}#${(json as { sub: string }).sub}` })
  return session
}

describe.concurrent('services', () => {
  it('tells a long answer to the end, over three lifetimes, in one request', async (context) => {
    const { demo, session } = await openServers(context, { accessTokenSeconds: 2 })
    const texts: string[] = []
    let done = 0
    await createStream(session).each(
      demo.services.llm + paths.completions,
      { method: 'POST', body: JSON.stringify({ prompt: 'Why?', parts: 65, everyMs: 100 }) },
      ({ data }) => {
        if (data === '[DONE]') done++
        else texts.push((JSON.parse(data) as CompletionPart).text)
      },
    )
    expect(texts).toHaveLength(65)
    expect(texts.slice(0, 3).join('')).toBe('“Why?” is a')
    expect(done).toBe(1)
    expect(demo.counters).toMatchObject({ completionsBegun: 1, completionsDone: 1, completionsRefused: 0 })
    expect(demo.counters.refreshes).toBeGreaterThanOrEqual(3)
  })

  it('gives a track to a cookie, a ticket or a token, in ranges, and to nobody else', async (context) => {
    const servers = await openServers(context)
    const { demo, session, ada, set, press } = servers
    const bearer = { authorization: `Bearer ${(await session.acquire()).accessToken}` }
    const playlist = (await (await fetch(demo.services.media + paths.playlist)).json()) as Playlist
    expect(playlist.tracks.map(({ seconds }) => seconds)).toEqual([4, 4, 4, 600])
    const track = `${demo.services.media}${paths.tracks}/${playlist.tracks[0]?.file}`
    const size = 44 + 4 * 22_050 * 2
    const get = (headers: Record<string, string>, url = track): Promise<Response> => ada.fetch(url, { headers })

    expect((await get({})).status).toBe(401)
    const whole = await get(bearer)
    const bytes = Buffer.from(await whole.arrayBuffer())
    expect([whole.status, whole.headers.get('content-type'), bytes.length]).toEqual([200, 'audio/wav', size])
    expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ')
    expect(bytes.readUInt32LE(40)).toBe(size - 44)

    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=30-99', 30, 100],
      ['bytes=45-47', 45, 48],
      ['bytes=-5', size - 5, size],
      ['bytes=1001-', 1001, size],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const part = await get({ ...bearer, range })
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end - 1}/${size}`])
      // oxlint-disable-next-line no-await-in-loop
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(start, end)), range).toBe(true)
    }
    expect((await get({ ...bearer, range: `bytes=${size}-` })).status).toBe(416)

    await ada.fetch(at(servers, paths.cookie), { method: 'POST', headers: bearer })
    expect(ada.cookie('reauth-demo-session')).toBeDefined()
    expect((await get({ range: 'bytes=0-0' })).status).toBe(206)
    const answer = await ada.fetch(at(servers, paths.ticket), { method: 'POST', headers: bearer })
    const { ticket } = (await answer.json()) as Ticket
    expect((await fetch(`${track}?ticket=${ticket}`, { method: 'HEAD' })).status).toBe(200)

    await set({ corruptTrack: playlist.tracks[0]?.file ?? '' })
    const noise = Buffer.from(await (await get(bearer)).arrayBuffer())
    expect([noise.length, noise.toString('latin1', 0, 4) === 'RIFF']).toEqual([size, false])
    await press(paths.revokeAccessToken)
    expect((await get({})).status).toBe(401)
    expect((await fetch(`${track}?ticket=${ticket}`)).status).toBe(401)
    expect((await fetch(track.replace(paths.tracks, paths.publicTracks), { method: 'HEAD' })).status).toBe(200)
    expect(demo.counters).toMatchObject({ mediaRefused: 3, mediaRanges: 6, cookies: 1, tickets: 1 })
  })

  it('keeps two chat servers apart: one expires, the other goes on', async (context) => {
    const servers = await openServers(context)
    const { demo, session, press } = servers
    const north = await signInAt(servers, 'north', 'ada')
    const south = await signInAt(servers, 'south', 'grace')
    const [atNorth, atSouth] = [createFetch(north), createFetch(south)]
    const profile = async (api: typeof fetch, server: ChatServer): Promise<unknown> =>
      (await api(demo.services[server] + paths.chatProfile)).json()
    expect(await profile(atNorth, 'north')).toEqual({ id: 'ada', name: 'Ada Lovelace' })
    expect(await profile(atSouth, 'south')).toEqual({ id: 'grace', name: 'Grace Hopper' })

    const said = await atNorth(demo.services.north + paths.chatMessages, { method: 'POST', body: '{"text":"Hello"}' })
    expect([said.status, await said.json()]).toMatchObject([201, { from: 'ada', text: 'Hello' }])
    const listed = (await (await atNorth(demo.services.north + paths.chatMessages)).json()) as ChatMessage[]
    expect(listed.map(({ text }) => text)).toEqual(['Welcome to north.', 'Hello'])

    // what one issuer gave is worth nothing at another
    for (const other of [north, session]) {
      // oxlint-disable-next-line no-await-in-loop
      const headers = { authorization: `Bearer ${(await other.acquire()).accessToken}` }
      // oxlint-disable-next-line no-await-in-loop
      expect((await fetch(demo.services.south + paths.chatProfile, { headers })).status).toBe(401)
    }
    await press(paths.revokeAccessToken, { issuer: 'north' })
    expect(await profile(atNorth, 'north')).toMatchObject({ id: 'ada' })
    expect(north.state).toMatchObject({ status: 'active', version: 2, identity: `${demo.services.north}#ada` })

    await press(paths.revokeAccessToken, { issuer: 'north' })
    await press(paths.revokeRefreshToken, { issuer: 'north' })
    await expect(profile(atNorth, 'north')).rejects.toMatchObject({ name: 'AuthenticationError' })
    expect(north.state.status).toBe('expired')
    expect(await profile(atSouth, 'south')).toMatchObject({ id: 'grace' })
    expect(demo.counters.chat.north).toMatchObject({ codeExchanges: 1, refreshes: 1, refreshesRefused: 1 })
    expect(demo.counters.chat.south).toMatchObject({ codeExchanges: 1, refreshes: 0, tokenPosts: 0, unauthorized: 2 })
    expect(session.state.status).toBe('active')
  })

  it('lets only the page sign in at a chat server', async (context) => {
    const { demo } = await openServers(context)
    const body = JSON.stringify({ person: 'ada' })
    const statusFrom = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(demo.services.north + paths.chatSignIn, { method: 'POST', body, headers })).status
    expect(await statusFrom({})).toBe(403)
    expect(await statusFrom({ origin: 'https://evil.example' })).toBe(403)
    expect(await statusFrom({ origin: new URL(demo.url).origin })).toBe(200)
  })

  it('provisions a workspace: queued, then under way, then ready, over the end of a token', async (context) => {
    const servers = await openServers(context, { accessTokenSeconds: 2 })
    const { demo, session } = servers
    const api = createFetch(session)
    const order = { queuedMs: 1500, provisioningMs: 1500 }
    const ordered = await api(at(servers, paths.workspaces), { method: 'POST', body: JSON.stringify(order) })
    expect(ordered.status).toBe(201)
    const { id } = (await ordered.json()) as Workspace
    const seen: string[] = []
    const probe = async (): Promise<ProbeResult<string>> => {
      const workspace = (await (await api(`${at(servers, paths.workspaces)}/${id}`)).json()) as Workspace
      if (seen.at(-1) !== workspace.status) seen.push(workspace.status)
      return workspace
    }
    expect(await pollUntil(id, probe, { firstMs: 100, maxMs: 200 })).toMatch(/^workspace-/)
    expect(seen).toEqual(['queued', 'provisioning', 'ready'])
    expect(demo.counters.refreshes).toBeGreaterThanOrEqual(1)
    expect((await api(`${at(servers, paths.workspaces)}/none`)).status).toBe(404)
  })

  it('tells what it was sent, takes what is uploaded, and refuses what outlives its token', async (context) => {
    const servers = await openServers(context)
    const { demo, session, press } = servers
    const api = createFetch(session)
    const echo = await api(at(servers, paths.echo), { method: 'PUT', body: 'Hello', headers: { 'x-one': '1' } })
    const echoed = (await echo.json()) as Echo
    expect(echoed).toMatchObject({ method: 'PUT', body: 'Hello', headers: { 'x-one': '1' } })
    expect(Object.keys(echoed.headers)).not.toContain('authorization')
    const body = Buffer.alloc(300_000, 'a')
    const uploaded = (await (await api(at(servers, paths.upload), { method: 'POST', body })).json()) as Uploaded
    expect(uploaded.bytes).toBe(300_000)

    let finish: (() => void) | undefined
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(body)
        finish = () => {
          controller.close()
        }
      },
    })
    const headers = { authorization: `Bearer ${(await session.acquire()).accessToken}` }
    const before = demo.counters.uploads
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: slow, headers, duplex: 'half' }
    let status: number | undefined
    const answer = fetch(at(servers, paths.upload), init).then((response) => (status = response.status))
    await api(at(servers, paths.work))
    await press(paths.revokeAccessToken)
    await api(at(servers, paths.work))
    // it was let in, and is not over
    expect(status).toBe(undefined)
    finish?.()
    expect(await answer).toBe(401)
    expect(demo.counters.uploads).toBe(before)
    await until(() => demo.counters.apiUnauthorized === 2)
  })
})
