import { AuthenticationError, createSession, PermissionDeniedError, RefreshError, type TokenSet } from '@reauth/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { ExchangeOptions } from '../src/exchange.ts'
import { failureOf } from './support/failure-of.ts'
import { oauthAt, type ScriptedIssuer, scriptedIssuer, tokenAnswer } from './support/scripted-issuer.ts'
import { stillPlatform } from './support/still-platform.ts'

const held: TokenSet = { accessToken: 'at-old', refreshToken: 'rt-old' }
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

function exchangeAt(issuer: ScriptedIssuer, options: ExchangeOptions): Promise<TokenSet> {
  const { refresh } = oauthAt(issuer).exchange(options)
  return refresh({ tokens: held, reason: 'asked', signal: new AbortController().signal })
}

/** The exchange as RFC 8693 has it: an access token, and what kind it is. */
const exchanged = (changes: Readonly<Record<string, unknown>> = {}): Response =>
  Response.json(tokenAnswer({ refresh_token: undefined, issued_token_type: accessTokenType, ...changes }))

describe('an exchange', () => {
  it.each([
    ['a text', 'subject'],
    ['what a function returns', () => 'subject'],
    ['what a function promises', async () => 'subject'],
  ])('gives %s for tokens', async (_, subjectToken) => {
    const issuer = scriptedIssuer({ token: () => exchanged() })
    const tokens = await exchangeAt(issuer, { subjectToken })
    expect(tokens).toEqual({ accessToken: 'at-new', tokenType: 'bearer', expiresInMs: 300_000 })
    expect(Object.fromEntries(issuer.askedFor('token')[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject',
      subject_token_type: accessTokenType,
      client_id: 'app',
    })
  })

  it('says what kind of token it gives, and what the new one is for', async () => {
    const issuer = scriptedIssuer({ token: () => exchanged() })
    const subjectTokenType = 'urn:ietf:params:oauth:token-type:jwt'
    await exchangeAt(issuer, { subjectToken: 'subject', subjectTokenType, audience: 'chat', scope: 'read write' })
    expect(Object.fromEntries(issuer.askedFor('token')[0]?.form ?? [])).toMatchObject({
      subject_token_type: subjectTokenType,
      audience: 'chat',
      scope: 'read write',
    })
  })

  it('asks for the subject token each time', async () => {
    const issuer = scriptedIssuer({ token: () => exchanged() })
    const subjectToken = vi.fn<() => string>().mockReturnValueOnce('one').mockReturnValueOnce('two')
    const { refresh } = oauthAt(issuer).exchange({ subjectToken })
    const context = { tokens: held, reason: 'stale', signal: new AbortController().signal } as const
    await refresh(context)
    await refresh(context)
    expect(issuer.askedFor('token').map(({ form }) => form.get('subject_token'))).toEqual(['one', 'two'])
  })

  it('spends no refresh token, and says so', async () => {
    const issuer = scriptedIssuer({ token: () => exchanged() })
    expect(oauthAt(issuer).exchange({ subjectToken: 'subject' }).spends).toBe(false)
    await exchangeAt(issuer, { subjectToken: 'subject' })
    expect(issuer.askedFor('token')[0]?.form.has('refresh_token')).toBe(false)
  })

  it('ends when it is aborted while the issuer is silent', async () => {
    const controller = new AbortController()
    const issuer = scriptedIssuer({
      token: async ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error)
          })
          controller.abort(new Error('The hard cap has passed'))
          if (signal === undefined) reject(new Error('It hears nothing'))
        }),
    })
    const { refresh } = oauthAt(issuer).exchange({ subjectToken: 'subject' })
    const failed = failureOf(refresh({ tokens: held, reason: 'asked', signal: controller.signal }))
    expect(await failed).toMatchObject({ reason: 'lost', cause: { message: 'The hard cap has passed' } })
  })
})

describe('an exchange without a subject token', () => {
  it.each([
    [
      'is over for good when nobody is signed in over there',
      new AuthenticationError('x', { reason: 'expired' }),
      'rejected',
    ],
    [
      'is over for good when another is signed in over there',
      new AuthenticationError('x', { reason: 'switched' }),
      'rejected',
    ],
    ['may work later when it failed for another reason', new Error('x'), 'unavailable'],
    ['may work later when it was denied', new PermissionDeniedError('x'), 'unavailable'],
    ['may work later when what failed is no error', 'x', 'unavailable'],
  ])('%s', async (_, cause, reason) => {
    const issuer = scriptedIssuer()
    const failed = failureOf(
      exchangeAt(issuer, {
        subjectToken: async () => {
          throw cause
        },
      }),
    )
    expect(await failed).toMatchObject({ name: 'RefreshError', reason, sent: false, cause })
    expect(issuer.askedFor('token')).toEqual([])
  })

  it('fails as the refresh over there did', async () => {
    const error = new RefreshError('x', { reason: 'lost', retryAfterMs: 5000 })
    const failed = failureOf(
      exchangeAt(scriptedIssuer(), {
        subjectToken: () => {
          throw error
        },
      }),
    )
    expect(await failed).toBe(error)
  })
})

describe('an exchange that the issuer answers with', () => {
  it.each([
    ['invalid_request', 'rejected'],
    ['invalid_grant', 'rejected'],
    ['invalid_target', 'misconfigured'],
    ['invalid_client', 'misconfigured'],
    ['unauthorized_client', 'misconfigured'],
    ['unsupported_grant_type', 'misconfigured'],
    ['temporarily_unavailable', 'unavailable'],
  ])('%s is %s', async (error, reason) => {
    const issuer = scriptedIssuer({ token: () => Response.json({ error }, { status: 400 }) })
    expect(await failureOf(exchangeAt(issuer, { subjectToken: 'subject' }))).toMatchObject({ reason, sent: true })
  })

  it.each([
    ['no type', exchanged({ token_type: undefined })],
    ['a token that is none', exchanged({ token_type: 'N_A' })],
    ['no access token', exchanged({ access_token: undefined })],
  ])('%s is misconfigured, and the subject token is not told', async (_, answer) => {
    const issuer = scriptedIssuer({ token: () => answer.clone() })
    const failure = await failureOf(exchangeAt(issuer, { subjectToken: 'secret' }))
    expect(failure).toMatchObject({ reason: 'misconfigured', sent: true })
    expect(String(failure) + JSON.stringify(failure)).not.toMatch(/secret|at-new/)
  })

  it('too many requests waits as long as it was told', async () => {
    const token = (): Response => new Response(null, { status: 429, headers: { 'retry-after': '7' } })
    expect(await failureOf(exchangeAt(scriptedIssuer({ token }), { subjectToken: 'subject' }))).toMatchObject({
      reason: 'unavailable',
      retryAfterMs: 7000,
    })
  })
})

describe('a child session for another audience', () => {
  function family(issuer: ScriptedIssuer) {
    const oauth = oauthAt(issuer)
    const platform = stillPlatform()
    const origins = ['https://api.test']
    const parent = createSession({ name: 'parent', refresh: oauth.refresh, origins, platform })
    const child = createSession({
      name: 'child',
      refresh: oauth.exchange({
        subjectToken: async () => (await parent.acquire()).accessToken ?? '',
        audience: 'chat',
      }),
      origins: ['https://chat.test'],
      platform,
    })
    onTestFinished(async () => {
      await child[Symbol.asyncDispose]()
      await parent[Symbol.asyncDispose]()
    })
    return { parent, child, platform }
  }

  it('refreshes by the access token of the parent, which keeps its refresh token', async () => {
    const issuer = scriptedIssuer({ token: () => exchanged({ access_token: 'at-chat' }) })
    const { parent, child, platform } = family(issuer)
    await parent.signIn({ ...held, expiresInMs: 3_600_000 })
    await child.signIn({ accessToken: 'at-chat-0', expiresInMs: 60_000 })
    platform.pass(60_000)
    expect((await child.acquire()).accessToken).toBe('at-chat')
    expect(issuer.askedFor('token').map(({ form }) => [form.get('subject_token'), form.get('audience')])).toEqual([
      ['at-old', 'chat'],
    ])
    expect(await parent.tokens()).toMatchObject(held)
    expect(await child.tokens()).not.toHaveProperty('refreshToken')
  })

  it('has the parent refresh first where that is stale, once', async () => {
    const issuer = scriptedIssuer({
      token: ({ form }) =>
        form.get('grant_type') === 'refresh_token'
          ? Response.json(tokenAnswer())
          : exchanged({ access_token: 'at-chat' }),
    })
    const { parent, child, platform } = family(issuer)
    await parent.signIn({ ...held, expiresInMs: 60_000 })
    await child.signIn({ accessToken: 'at-chat-0', expiresInMs: 60_000 })
    platform.pass(60_000)
    const credentials = await Promise.all([child.acquire(), child.acquire(), child.acquire()])
    expect(credentials.map(({ accessToken }) => accessToken)).toEqual(['at-chat', 'at-chat', 'at-chat'])
    expect(issuer.askedFor('token').map(({ form }) => form.get('refresh_token') ?? form.get('subject_token'))).toEqual([
      'rt-old',
      'at-new',
    ])
  })

  it('expires when nobody is signed in to the parent any more', async () => {
    const { parent, child, platform } = family(scriptedIssuer())
    await parent.signIn({ ...held, expiresInMs: 3_600_000 })
    await child.signIn({ accessToken: 'at-chat-0', expiresInMs: 60_000 })
    await parent.signOut()
    platform.pass(60_000)
    await expect(child.acquire()).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
    expect(child.state.status).toBe('expired')
  })

  it('stays active while the parent cannot be refreshed', async () => {
    const { parent, child, platform } = family(scriptedIssuer({ token: () => new Response(null, { status: 503 }) }))
    await parent.signIn({ ...held, expiresInMs: 60_000 })
    await child.signIn({ accessToken: 'at-chat-0', expiresInMs: 60_000 })
    platform.pass(60_000)
    await expect(child.acquire()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
    expect([parent.state.status, child.state.status]).toEqual(['active', 'active'])
  })
})

describe('an exchange behind a refresh', () => {
  function signedIn(issuer: ScriptedIssuer) {
    const oauth = oauthAt(issuer)
    const platform = stillPlatform()
    const session = createSession({
      refresh: [oauth.refresh, oauth.exchange({ subjectToken: 'platform' })],
      origins: ['https://api.test'],
      platform,
    })
    onTestFinished(() => session[Symbol.asyncDispose]())
    return { session, platform }
  }

  const asked = (issuer: ScriptedIssuer): readonly (string | null)[] =>
    issuer.askedFor('token').map(({ form }) => form.get('refresh_token') ?? form.get('subject_token'))

  it('goes on where the refresh token was rejected', async () => {
    const issuer = scriptedIssuer({
      token: ({ form }) =>
        form.has('refresh_token')
          ? Response.json({ error: 'invalid_grant' }, { status: 400 })
          : exchanged({ access_token: 'at-exchanged' }),
    })
    const { session, platform } = signedIn(issuer)
    await session.signIn({ ...held, expiresInMs: 60_000 })
    platform.pass(60_000)
    expect((await session.acquire()).accessToken).toBe('at-exchanged')
    expect(asked(issuer)).toEqual(['rt-old', 'platform'])
  })

  it('goes on where there is no refresh token', async () => {
    const issuer = scriptedIssuer({ token: () => exchanged({ access_token: 'at-exchanged' }) })
    const { session, platform } = signedIn(issuer)
    await session.signIn({ accessToken: 'at-old', expiresInMs: 60_000 })
    platform.pass(60_000)
    expect((await session.acquire()).accessToken).toBe('at-exchanged')
    expect(asked(issuer)).toEqual(['platform'])
  })

  it.each([
    ['unavailable', (): Response => new Response(null, { status: 503 })],
    ['misconfigured', (): Response => Response.json({ error: 'invalid_client' }, { status: 401 })],
    [
      'lost',
      async (): Promise<never> => {
        throw new TypeError('fetch failed')
      },
    ],
  ])('is not tried where the refresh was %s', async (reason, token) => {
    const issuer = scriptedIssuer({ token })
    const { session, platform } = signedIn(issuer)
    await session.signIn({ ...held, expiresInMs: 60_000 })
    platform.pass(60_000)
    await expect(session.acquire()).rejects.toMatchObject({ reason })
    expect(asked(issuer)).toEqual(['rt-old'])
  })
})
