import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'

import { createSession, RefreshError, type TokenSet } from '@reauth/core'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { createOAuth } from '../src/create-oauth.ts'
import { failureOf } from './support/failure-of.ts'
import { oauthAt, type Script, scriptedIssuer, tokenAnswer } from './support/scripted-issuer.ts'
import { stillPlatform } from './support/still-platform.ts'
import { nowMs, tokenAnswers } from './support/token-answers.ts'

const old: TokenSet = { accessToken: 'at-secret-old', refreshToken: 'rt-secret-old', expiresInMs: 300_000 }

beforeEach(() => {
  vi.useFakeTimers({ now: nowMs, toFake: ['Date'] })
  return () => {
    vi.useRealTimers()
  }
})

function refreshAt(token: Script['token'], signal: AbortSignal = new AbortController().signal): Promise<TokenSet> {
  return oauthAt(scriptedIssuer({ token })).refresh({ tokens: old, reason: 'asked', signal })
}

describe('an answer of the token endpoint', () => {
  it('is one of more than 80', () => {
    expect(tokenAnswers.length).toBeGreaterThan(80)
    expect(new Set(tokenAnswers.map(([title]) => title)).size).toBe(tokenAnswers.length)
  })

  it.each(tokenAnswers)('with %s is what it is, and no token is told', async (_, token, { tokens, error }) => {
    if (tokens !== undefined) {
      const given = Object.entries(await refreshAt(token)).filter(([member]) => member !== 'idToken')
      const expected = Object.entries(tokens).filter(([, value]) => value !== undefined)
      expect(Object.fromEntries(given)).toEqual(Object.fromEntries(expected))
      return
    }
    const failure = await failureOf(refreshAt(token))
    expect(failure).toBeInstanceOf(RefreshError)
    const { message, name, ...told } = (failure as RefreshError).toJSON() as RefreshError
    expect(name).toBe('RefreshError')
    expect(told).toEqual(error)
    expect(message).toMatch(/issuer|token endpoint/i)
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('secret')
    expect(JSON.stringify(failure)).not.toContain('secret')
  })

  it.each(tokenAnswers)('with %s leaves the session the tokens that it needs', async (_, token, { tokens, error }) => {
    const issuer = scriptedIssuer({ token })
    const platform = stillPlatform()
    const session = createSession({ refresh: oauthAt(issuer).refresh, origins: ['https://api.test'], platform })
    onTestFinished(() => session[Symbol.asyncDispose]())
    await session.signIn(old)
    platform.pass(300_000)
    if (tokens !== undefined) {
      expect((await session.acquire()).accessToken).toBe('at-secret-new')
      expect(await session.tokens()).toMatchObject({
        accessToken: 'at-secret-new',
        // RFC 6749, section 6: without a new one the old one goes on.
        refreshToken: tokens['refreshToken'] ?? 'rt-secret-old',
      })
      return
    }
    const failure = await failureOf(session.acquire())
    if (error['reason'] === 'rejected') {
      expect(failure).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
      expect(session.state.status).toBe('expired')
      return
    }
    expect(failure).toMatchObject({ name: 'RefreshError', reason: error['reason'] })
    expect(session.state).toMatchObject({ status: 'active', version: 1 })
    expect(await session.tokens()).toMatchObject({ accessToken: 'at-secret-old', refreshToken: 'rt-secret-old' })
    issuer.script.token = () => Response.json(tokenAnswer())
    platform.pass(24 * 3_600_000)
    expect((await session.acquire()).accessToken).toBe('at-new')
    expect(issuer.askedFor('token').map(({ form }) => form.get('refresh_token'))).toEqual([
      'rt-secret-old',
      'rt-secret-old',
    ])
  })
})

it('that is no token set says which rule it breaks, and nothing of what is in it', async () => {
  const failure = await failureOf(refreshAt(() => Response.json(tokenAnswer({ access_token: '' }))))
  expect(failure).toMatchObject({
    message: 'The issuer: "response" body "access_token" property must not be empty',
    cause: { code: 'OAUTH_INVALID_RESPONSE' },
  })
})

describe('a refresh', () => {
  it('sends what RFC 6749 says, and to nobody but the token endpoint', async () => {
    const issuer = scriptedIssuer()
    await oauthAt(issuer).refresh({ tokens: old, reason: 'asked', signal: new AbortController().signal })
    const [asked] = issuer.askedFor('token')
    expect([asked?.method, asked?.url.href]).toEqual(['POST', 'https://id.test/token'])
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt-secret-old',
      client_id: 'app',
    })
    expect(asked?.headers.get('content-type')).toContain('application/x-www-form-urlencoded')
    expect(JSON.stringify([...(asked?.headers ?? [])])).not.toContain('secret')
  })

  it.each([
    ['an error', new Error('assertion-secret')],
    ['what is no JSON', new SyntaxError('"assertion-secret" is not valid JSON')],
  ])('repeats nothing of %s that the client authentication throws', async (_, thrown) => {
    const issuer = scriptedIssuer()
    const clientAuth = (): never => {
      throw thrown
    }
    const failure = await failureOf(
      oauthAt(issuer, { clientAuth }).refresh({ tokens: old, reason: 'asked', signal: new AbortController().signal }),
    )
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'misconfigured', sent: false })
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('assertion-secret')
    expect(issuer.askedFor('token')).toEqual([])
  })

  it('without a refresh token is a verdict, and nobody is asked', async () => {
    const issuer = scriptedIssuer()
    const refresh = oauthAt(issuer).refresh({
      tokens: { accessToken: 'at-secret-old' },
      reason: 'stale',
      signal: new AbortController().signal,
    })
    await expect(refresh).rejects.toMatchObject({ name: 'RefreshError', reason: 'rejected' })
    expect([...issuer.askedFor('discovery'), ...issuer.askedFor('token')]).toEqual([])
  })

  it('ends when it is aborted while the issuer is silent', async () => {
    const controller = new AbortController()
    const failed = failureOf(
      refreshAt(
        async ({ signal }) =>
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () => {
              reject(signal.reason as Error)
            })
            controller.abort(new Error('The hard cap has passed'))
          }),
        controller.signal,
      ),
    )
    expect(await failed).toMatchObject({ reason: 'lost', cause: { message: 'The hard cap has passed' } })
  })

  it('that finds no token endpoint in the metadata is misconfigured, and was not sent', async () => {
    const issuer = scriptedIssuer({
      discovery: () =>
        Response.json({ issuer: 'https://id.test', authorization_endpoint: 'https://id.test/authorize' }),
    })
    const refresh = oauthAt(issuer).refresh({ tokens: old, reason: 'asked', signal: new AbortController().signal })
    expect(await failureOf(refresh)).toMatchObject({ reason: 'misconfigured', sent: false })
    expect(issuer.askedFor('token')).toEqual([])
  })
})

describe('over real sockets', () => {
  async function refreshOver(token: RequestListener): Promise<unknown> {
    const server = createServer((request, response) => {
      if (request.url === '/token') {
        token(request, response)
        return
      }
      const { origin } = addressOf(server)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ issuer: origin, token_endpoint: `${origin}/token` }))
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const oauth = createOAuth({
      issuer: addressOf(server).origin,
      clientId: 'app',
      redirectUri: 'https://app.test/callback',
      allowInsecureRequests: true,
    })
    return failureOf(oauth.refresh({ tokens: old, reason: 'asked', signal: new AbortController().signal }))
  }

  it('a connection that is cut before an answer leaves it open what became of the tokens', async () => {
    const failure = await refreshOver((request) => {
      request.socket.destroy()
    })
    expect(failure).toMatchObject({ reason: 'lost' })
    expect(failure).not.toHaveProperty('sent')
  })

  it('a connection that is cut in the middle of the answer leaves it open, too, and it was sent', async () => {
    const failure = await refreshOver((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"access_token":"at-secret-new",', () => request.socket.destroy())
    })
    expect(failure).toMatchObject({ reason: 'lost', sent: true })
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('secret')
  })

  it('an issuer that refuses connections was sent nothing', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { origin } = addressOf(server)
    await new Promise((resolve) => {
      server.close(resolve)
    })
    const oauth = createOAuth({
      issuer: 'https://id.test',
      clientId: 'app',
      redirectUri: 'https://app.test/callback',
      allowInsecureRequests: true,
      fetch: async (url, init) =>
        String(url).endsWith('/token')
          ? fetch(url, init)
          : Response.json({ issuer: 'https://id.test', token_endpoint: `${origin}/token` }),
    })
    const refresh = oauth.refresh({ tokens: old, reason: 'asked', signal: new AbortController().signal })
    expect(await failureOf(refresh)).toMatchObject({ reason: 'unavailable', sent: false })
  })

  it('a redirect is not followed, so that no token goes with it', async () => {
    const paths: string[] = []
    const failure = await refreshOver((request, response) => {
      paths.push(String(request.url))
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(failure).toMatchObject({ reason: 'unavailable', sent: true })
    expect(paths).toEqual(['/token'])
  })
})

function addressOf(server: Server): { readonly origin: string } {
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
