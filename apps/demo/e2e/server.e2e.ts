import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import { feedProtocol, paths } from '../src/contract.ts'
import { startDemo } from '../src/server/main.ts'
import type { Demo } from '../src/server/start-demo.ts'

const demos: Demo[] = []
afterEach(async () => {
  await Promise.all(demos.splice(0).map((demo) => demo.close()))
})

async function start(port?: number): Promise<Demo> {
  const demo = await startDemo(port === undefined ? {} : { port })
  demos.push(demo)
  return demo
}

/** `fetch` may not set `Host` and `Origin`. */
const statusOf = (url: string, method: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .once('error', reject)
      .end()
  })

it('answers 401 as RFC 6750 says: an error code only where a token was sent', async () => {
  const { url, counters } = await start()
  const bare = await fetch(`${url}api/work`)
  expect(bare.status).toBe(401)
  expect(bare.headers.get('www-authenticate')).toBe('Bearer realm="reauth demo"')
  const wrong = await fetch(`${url}api/work`, { headers: { authorization: 'Bearer made-up' } })
  expect(wrong.status).toBe(401)
  expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(counters.apiOk).toBe(0)
})

it('lets nobody but its own page press the buttons', async () => {
  const { url } = await start()
  const revoke = `${url}admin/revoke-access-token`
  expect(await statusOf(revoke, 'POST', {})).toBe(403)
  expect(await statusOf(revoke, 'POST', { origin: 'https://evil.example' })).toBe(403)
  expect(await statusOf(revoke, 'POST', { 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await statusOf(revoke, 'POST', { origin: new URL(url).origin })).toBe(200)
})

it('answers to one name: another one is sent home or turned away', async () => {
  const { url } = await start()
  const { port } = new URL(url)
  expect(await statusOf(url, 'GET', { host: `localhost:${port}` })).toBe(307)
  expect(await statusOf(url, 'GET', { host: `evil.example:${port}` })).toBe(421)
  expect(await statusOf(`${url}api/work`, 'GET', { host: `evil.example:${port}` })).toBe(421)
})

it('takes the next free port when the one it was given is taken', async () => {
  const first = await start()
  const second = await start(Number(new URL(first.url).port))
  expect(Number(new URL(second.url).port)).toBeGreaterThan(Number(new URL(first.url).port))
  expect((await fetch(second.url)).status).toBe(200)
})

it('starts with one command, and leaves nothing behind at Ctrl-C, whoever is connected', async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const demo = spawn('node', ['--conditions=@reauth/source', 'src/server/main.ts'], {
    cwd,
    env: { ...process.env, PORT: '0', ACCESS_TOKEN_SECONDS: '5' },
  })
  const exited = once(demo, 'exit')
  const addresses = new Map<string, string>()
  for await (const line of createInterface(demo.stdout)) {
    const [, name = '', address = ''] = /^(\w+)(?: demo)? +(http:\S+)/.exec(line) ?? []
    addresses.set(name, address)
    if (name === 'south') break
  }
  expect([...addresses.keys()]).toEqual(['reauth', 'issuer', 'live', 'llm', 'media', 'north', 'south'])
  const page = addresses.get('reauth') ?? ''
  const headers = { 'sec-fetch-site': 'same-origin' }
  const counters = await fetch(page + paths.counters.slice(1), { headers })
  const reading = counters.text().catch(() => 'cut')
  const socket = new WebSocket(`${addresses.get('live')?.replace('http', 'ws')}${paths.feedInBand}`, feedProtocol)
  await once(socket, 'open')
  const restart = fetch(page + paths.restart.slice(1), {
    method: 'POST',
    headers,
    body: '{"service":"llm","downMs":60000}',
  }).catch(() => 'cut')
  demo.kill('SIGINT')

  expect(await exited).toEqual([0, null])
  expect([await reading, await restart]).toEqual(['cut', 'cut'])
  await expect(fetch(page)).rejects.toThrow('fetch failed')
})
