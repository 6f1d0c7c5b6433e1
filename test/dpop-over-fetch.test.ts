import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSession } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { createDpop } from '@reauth/oauth/dpop'
import { expect, it, onTestFinished, vi } from 'vitest'

interface Seen {
  readonly authorization: string | undefined
  readonly nonce: unknown
  readonly jti: unknown
  readonly body: string
}

/** Serves a resource whose every proof needs the nonce of now (RFC 9449, section 9). */
async function serveResource(seen: Seen[], nonce: () => string): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const proof = String(request.headers['dpop']).split('.')[1] ?? ''
    const claims = JSON.parse(Buffer.from(proof, 'base64url').toString()) as Record<string, unknown>
    const { authorization } = request.headers
    const body = Buffer.concat(await request.toArray()).toString()
    seen.push({ authorization, nonce: claims['nonce'], jti: claims['jti'], body })
    response.setHeader('dpop-nonce', nonce())
    if (claims['nonce'] === nonce()) response.end('ok')
    else response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it('fetch answers a challenge for a nonce with one new proof, and that is no refusal', async () => {
  const seen: Seen[] = []
  let current = 'n-1'
  const origin = await serveResource(seen, () => current)
  const refresh = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('Nobody was refused')))
  const session = createSession({ refresh, origins: [origin] })
  await session.signIn({ accessToken: 'bound', tokenType: 'DPoP', expiresInMs: 300_000 })
  const { attach } = createDpop({ name: 'over fetch' })
  const call = createFetch(session, { attach })

  const init = { method: 'POST', body: 'milk' }
  expect(await (await call(`${origin}/notes`, init)).text()).toBe('ok')
  expect(seen.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1'])
  expect(await (await call(`${origin}/notes`, init)).text()).toBe('ok')
  expect(seen.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1', 'n-1'])
  current = 'n-2'
  expect(await (await call(`${origin}/notes`, init)).text()).toBe('ok')

  expect(seen.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1', 'n-1', 'n-1', 'n-2'])
  expect(new Set(seen.map(({ jti }) => jti)).size).toBe(5)
  expect(seen.every(({ authorization, body }) => authorization === 'DPoP bound' && body === 'milk')).toBe(true)
  expect(refresh).not.toHaveBeenCalled()
  expect(session.state).toMatchObject({ status: 'active', version: 1 })
})
