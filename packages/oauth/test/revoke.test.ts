import { createSession } from '@reauth/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { metadata, oauthAt, scriptedIssuer } from './support/scripted-issuer.ts'
import { stillPlatform } from './support/still-platform.ts'

const held = { accessToken: 'at-held', refreshToken: 'rt-held' }

describe('a revocation', () => {
  it.each([
    ['the refresh token, with its hint', held, { token: 'rt-held', token_type_hint: 'refresh_token' }],
    [
      'the access token where there is no other',
      { accessToken: 'at-held' },
      { token: 'at-held', token_type_hint: 'access_token' },
    ],
  ])('sends %s', async (_, tokens, expected) => {
    const issuer = scriptedIssuer()
    await oauthAt(issuer).revoke(tokens)
    expect(issuer.askedFor('revocation').map(({ method, form }) => [method, Object.fromEntries(form)])).toEqual([
      ['POST', { ...expected, client_id: 'app' }],
    ])
  })

  it.each([undefined, null, {}])('of %j asks nobody', async (tokens) => {
    const issuer = scriptedIssuer()
    await oauthAt(issuer).revoke(tokens as undefined)
    expect([...issuer.askedFor('discovery'), ...issuer.askedFor('revocation')]).toEqual([])
  })

  it.each([
    ['a server error', () => new Response(null, { status: 500 })],
    ['a refusal', () => Response.json({ error: 'unsupported_token_type' }, { status: 400 })],
    ['a page', () => new Response('<html>', { status: 403 })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.test' } })],
    [
      'nothing',
      async (): Promise<never> => {
        throw new TypeError('fetch failed')
      },
    ],
  ])('that is answered with %s does not reject', async (_, revocation) => {
    const issuer = scriptedIssuer({ revocation })
    await expect(oauthAt(issuer).revoke(held)).resolves.toBeUndefined()
    expect(issuer.askedFor('revocation')).toHaveLength(1)
  })

  it.each([
    ['cannot be reached', () => new Response(null, { status: 503 })],
    ['is another', () => Response.json(metadata({ issuer: 'https://evil.test' }))],
    ['has no endpoint for it', () => Response.json(metadata({ revocation_endpoint: undefined }))],
    ['has an endpoint that is no address', () => Response.json(metadata({ revocation_endpoint: 42 }))],
  ])('does not reject where the issuer %s', async (_, discovery) => {
    const issuer = scriptedIssuer({ discovery })
    await expect(oauthAt(issuer).revoke(held)).resolves.toBeUndefined()
    expect(issuer.askedFor('revocation')).toEqual([])
  })

  it('goes on when the page goes away at once', async () => {
    const issuer = scriptedIssuer()
    await oauthAt(issuer).revoke(held)
    expect(issuer.askedFor('revocation').map(({ keepalive }) => keepalive)).toEqual([true])
  })

  it('that is not answered is not waited for longer than 10 s', async () => {
    const late = new AbortController()
    const waits = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => late.signal)
    onTestFinished(() => waits.mockRestore())
    const issuer = scriptedIssuer({
      revocation: async ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error)
          })
          expect(waits).toHaveBeenLastCalledWith(10_000)
          late.abort()
        }),
    })
    await expect(oauthAt(issuer).revoke(held)).resolves.toBeUndefined()
  })

  it('leaves no answer behind that holds a connection', async () => {
    const response = new Response('{}')
    const issuer = scriptedIssuer({ revocation: () => response })
    await oauthAt(issuer).revoke(held)
    expect(response.bodyUsed).toBe(true)
  })

  it('is nothing that a sign-out waits for', async () => {
    let answer: ((response: Response) => void) | undefined
    const issuer = scriptedIssuer({ revocation: () => new Promise((resolve) => (answer = resolve)) })
    const oauth = oauthAt(issuer)
    const session = createSession({
      refresh: oauth.refresh,
      origins: ['https://api.test'],
      platform: stillPlatform(),
    })
    onTestFinished(() => session[Symbol.asyncDispose]())
    await session.signIn(held)
    const tokens = await session.tokens()
    await session.signOut()
    const revoked = oauth.revoke(tokens)
    expect(session.state.status).toBe('signed-out')
    expect(await session.tokens()).toBeUndefined()
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'signed-out' })
    await vi.waitUntil(() => answer !== undefined)
    answer?.(new Response())
    await revoked
    expect(issuer.askedFor('revocation')[0]?.form.get('token')).toBe('rt-held')
  })
})
