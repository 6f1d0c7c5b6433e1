import { inspect } from 'node:util'

import { createSession, memoryStorage, type Session, type TokenStorage } from '@reauth/core'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { OAuthCallbackError } from '../src/callback-error.ts'
import type { OAuth } from '../src/create-oauth.ts'
import type { OAuthOptions } from '../src/oauth-options.ts'
import { failureOf } from './support/failure-of.ts'
import {
  answersSignIn,
  backFrom,
  idToken,
  itemOf,
  metadata,
  oauthAt,
  redirectUri,
  type ScriptedIssuer,
  scriptedIssuer,
  tokenAnswer,
} from './support/scripted-issuer.ts'
import { stillPlatform } from './support/still-platform.ts'

const start = Date.UTC(2030, 0, 1)
const minutes = 60_000

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date'] })
  return () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})

interface Stage {
  readonly issuer: ScriptedIssuer
  readonly oauth: OAuth
  readonly storage: TokenStorage
  /** The address of a sign-in that is under way, which the issuer will answer as it should. */
  readonly signIn: URL
  /** A session that somebody has already. */
  readonly session: Session
}

async function stage(options: Partial<OAuthOptions> = {}): Promise<Stage> {
  const issuer = scriptedIssuer()
  const storage = memoryStorage()
  const oauth = oauthAt(issuer, { storage, ...options })
  const session = createSession({ refresh: oauth.refresh, origins: ['https://api.test'], platform: stillPlatform() })
  onTestFinished(() => session[Symbol.asyncDispose]())
  await session.signIn({ accessToken: 'at-held', refreshToken: 'rt-held', identity: 'alice' })
  const signIn = await oauth.authorize({ returnTo: '/notes' })
  answersSignIn(issuer, signIn)
  return { issuer, oauth, storage, signIn, session }
}

/** What a callback rejects with, after a look at the session: it is as it was. */
async function refusalOf(callback: URL, { oauth, session }: Stage): Promise<OAuthCallbackError> {
  const before = session.state
  const failure = await failureOf(oauth.handleCallback(callback))
  expect(session.state).toBe(before)
  expect(await session.tokens()).toEqual({ accessToken: 'at-held', refreshToken: 'rt-held', identity: 'alice' })
  expect(failure).toBeInstanceOf(OAuthCallbackError)
  expect(String(failure)).toContain('start again')
  expect(String(failure) + JSON.stringify(failure)).not.toMatch(/code-1|at-|rt-|https?:/)
  return failure as OAuthCallbackError
}

describe('a callback', () => {
  it('brings tokens and the place, and tells the issuer what it needs to know', async () => {
    const { issuer, oauth, signIn } = await stage()
    const signedIn = await oauth.handleCallback(backFrom(signIn))
    expect(signedIn).toMatchObject({
      tokens: { accessToken: 'at-new', refreshToken: 'rt-new', expiresInMs: 300_000, idToken: expect.any(String) },
      returnTo: '/notes',
    })
    const [asked] = issuer.askedFor('token')
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: redirectUri,
      code_verifier: expect.any(String),
      client_id: 'app',
    })
    const verifier = new TextEncoder().encode(asked?.form.get('code_verifier') ?? '')
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', verifier)).toString('base64url')
    expect(signIn.searchParams.get('code_challenge')).toBe(hash)
  })

  it('is taken as a text, as a URL, and from the page', async () => {
    for (const read of [String, (url: URL) => url, (url: URL) => void vi.stubGlobal('location', { href: url.href })]) {
      const { oauth, signIn } = await stage()
      vi.stubGlobal('history', { state: null, replaceState() {} })
      expect(await oauth.handleCallback(read(backFrom(signIn)) as URL | undefined)).toBeDefined()
      vi.unstubAllGlobals()
    }
  })

  it('asks for no ID token where no openid was asked for', async () => {
    const { issuer, oauth, signIn } = await stage({ scope: 'chat' })
    issuer.script.token = () => Response.json(tokenAnswer())
    expect(await oauth.handleCallback(backFrom(signIn))).toMatchObject({ tokens: { accessToken: 'at-new' } })
  })

  it('has the place of a path only', async () => {
    const { issuer, oauth } = await stage()
    const signIn = await oauth.authorize()
    answersSignIn(issuer, signIn)
    expect(await oauth.handleCallback(backFrom(signIn))).not.toHaveProperty('returnTo')
  })

  it('comes to no place that somebody else has written to the storage', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { oauth, signIn, storage } = await stage()
    const item = String(storage.getItem(itemOf(signIn)))
    storage.setItem(itemOf(signIn), item.replace('"/notes"', '"//evil.test/"'))
    expect(await oauth.handleCallback(backFrom(signIn))).not.toHaveProperty('returnTo')
    expect(warned).toHaveBeenCalledWith('reauth: reauth.returnTo: open-redirect')
  })
})

describe('on a page that is no callback', () => {
  it.each([
    'https://app.test/',
    'https://app.test/notes?draft=1#end',
    redirectUri,
    `${redirectUri}?state=s`,
    `${redirectUri}?code=c`,
    `${redirectUri}?error=access_denied`,
    `${redirectUri}#code=c&state=s`,
    'https://app.test/callback/?code=c&state=s',
    'https://app.test/?code=c&state=s',
    'https://app.test/other?code=c&state=s',
    'https://other.test/callback?code=c&state=s',
    'http://app.test/callback?code=c&state=s',
    'https://app.test:8443/callback?code=c&state=s',
    'about:blank',
    '/callback?code=c&state=s',
    'no address at all',
    '',
    undefined,
  ])('as %j there is nothing, and nobody is asked', async (url) => {
    const issuer = scriptedIssuer()
    expect(await oauthAt(issuer).handleCallback(url)).toBeUndefined()
    expect(issuer.askedFor('discovery')).toEqual([])
  })

  it.each([
    ['com.example.app:/callback', 'com.example.other:/callback'],
    ['com.example.app://callback', 'com.example.app://other'],
    ['com.example.app://callback', 'com.example.other://callback'],
  ])('of another app address than %s there is nothing either: %s', async (own, other) => {
    const oauth = oauthAt(scriptedIssuer(), { redirectUri: own })
    expect(await oauth.handleCallback(`${other}?code=c&state=s`)).toBeUndefined()
    await expect(oauth.handleCallback(`${own}?code=c&state=s`)).rejects.toMatchObject({ reason: 'foreign' })
  })
})

describe('a callback that is stale', () => {
  it('has waited 30 minutes', async () => {
    const staged = await stage()
    vi.setSystemTime(start + 30 * minutes)
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'stale' })
    expect(staged.issuer.askedFor('token')).toEqual([])
  })

  it('is none a moment before that', async () => {
    const { oauth, signIn } = await stage()
    vi.setSystemTime(start + 30 * minutes - 1)
    expect(await oauth.handleCallback(backFrom(signIn))).toBeDefined()
  })

  it('was used up before this page was opened', async () => {
    const staged = await stage()
    await staged.oauth.handleCallback(backFrom(staged.signIn))
    // As after a reload: nothing is known but what is stored.
    const oauth = oauthAt(staged.issuer, { storage: staged.storage })
    for (const again of [oauth, oauthAt(staged.issuer, { storage: staged.storage })]) {
      expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth: again })).toMatchObject({ reason: 'stale' })
    }
    expect(staged.issuer.askedFor('token')).toHaveLength(1)
  })

  it('has a code that the issuer takes no more', async () => {
    const staged = await stage()
    staged.issuer.script.token = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'stale' })
  })

  it('stays stale when it is asked again', async () => {
    const staged = await stage()
    vi.setSystemTime(start + 30 * minutes)
    await refusalOf(backFrom(staged.signIn), staged)
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'stale' })
  })

  it('leaves nothing of the sign-in behind', async () => {
    const staged = await stage()
    vi.setSystemTime(start + 30 * minutes)
    await refusalOf(backFrom(staged.signIn), staged)
    expect(staged.storage.getItem(itemOf(staged.signIn))).toBeNull()
  })
})

describe('a callback that is foreign', () => {
  it('has a state that nobody here has given', async () => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, { code: 'code-1', state: 'unknown' })
    expect(await refusalOf(callback, staged)).toMatchObject({ reason: 'foreign' })
    expect(staged.issuer.askedFor('token')).toEqual([])
  })

  it('spoils nothing: the sign-in that is under way goes on', async () => {
    const staged = await stage()
    await refusalOf(backFrom(staged.signIn, { code: 'evil', state: 'unknown' }), staged)
    expect(await staged.oauth.handleCallback(backFrom(staged.signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it.each(['', ':', '%', 'path', '__proto__', '"', '\uD800'])('has the state %j', async (state) => {
    const staged = await stage()
    expect(await refusalOf(backFrom(staged.signIn, { code: 'code-1', state }), staged)).toMatchObject({
      reason: 'foreign',
    })
  })

  it('was started in another tab', async () => {
    const [mine, theirs] = [await stage(), await stage()]
    expect(await refusalOf(backFrom(theirs.signIn), mine)).toMatchObject({ reason: 'foreign' })
    expect(await theirs.oauth.handleCallback(backFrom(theirs.signIn))).toBeDefined()
  })

  it('says no, and is as foreign', async () => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, { error: 'access_denied', state: 'unknown' })
    expect(await refusalOf(callback, staged)).toMatchObject({ reason: 'foreign' })
  })
})

describe('a callback that is tampered with', () => {
  it.each([
    ['another issuer', { code: 'code-1', iss: 'https://evil.test' }],
    ['the same issuer, but for a slash', { code: 'code-1', iss: 'https://id.test/' }],
    ['an ID token in the address', { code: 'code-1', id_token: 'x.y.z' }],
    ['a token in the address', { code: 'code-1', token: 'at-evil' }],
    ['a JWT in the place of all', { code: 'code-1', response: 'x.y.z' }],
    ['an empty code', { code: '' }],
  ])('names %s', async (_, parameters) => {
    const staged = await stage()
    expect(await refusalOf(backFrom(staged.signIn, parameters), staged)).toMatchObject({ reason: 'tampered' })
    expect(staged.issuer.askedFor('token')).toEqual([])
  })

  it('says no in the name of another issuer', async () => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, { error: 'access_denied', iss: 'https://evil.test' })
    expect(await refusalOf(callback, staged)).toMatchObject({ reason: 'tampered' })
  })

  it.each(['code', 'state', 'iss', 'error'])('names its %s twice', async (name) => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, { code: 'code-1', iss: 'https://id.test' })
    for (const value of [callback.searchParams.get(name) ?? 'access_denied', 'second'])
      callback.searchParams.append(name, value)
    expect(await refusalOf(callback, staged)).toMatchObject({ reason: 'tampered' })
    expect(staged.issuer.askedFor('token')).toEqual([])
  })

  it('names no issuer although this one always does', async () => {
    const staged = await stage()
    const issuer = scriptedIssuer({
      discovery: () => Response.json(metadata({ authorization_response_iss_parameter_supported: true })),
    })
    const oauth = oauthAt(issuer, { storage: staged.storage })
    expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth })).toMatchObject({ reason: 'tampered' })
  })

  const byIssuer = { name: 'RefreshError', sent: true }

  it.each([
    ['the nonce of another sign-in', { nonce: 'another' }, undefined],
    ['no nonce', { nonce: undefined }, undefined],
    ['a nonce that is no text', { nonce: ['another'] }, undefined],
    ['another audience', { aud: 'other' }, byIssuer],
    ['another issuer', { iss: 'https://evil.test' }, byIssuer],
    ['no subject', { sub: undefined }, byIssuer],
    ['a time that is long over', { exp: start / 1000 - 200_000 }, byIssuer],
  ])('gets an ID token with %s', async (_, claims, cause) => {
    const staged = await stage()
    answersSignIn(staged.issuer, staged.signIn, claims)
    const refusal = await refusalOf(backFrom(staged.signIn), staged)
    expect(refusal).toMatchObject({ reason: 'tampered', ...(cause && { cause }) })
    expect(inspect(refusal, { depth: 20, showHidden: true })).not.toMatch(/code-1|at-new|rt-new|eyJ/)
  })

  it('gets an ID token that nobody signed', async () => {
    const staged = await stage()
    const nonce = staged.signIn.searchParams.get('nonce')
    staged.issuer.script.token = () => Response.json(tokenAnswer({ id_token: idToken({ nonce }, { alg: 'none' }) }))
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'tampered' })
  })

  it('gets no ID token', async () => {
    const staged = await stage()
    staged.issuer.script.token = () => Response.json(tokenAnswer())
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'tampered' })
  })

  it('is used up by it', async () => {
    const staged = await stage()
    await refusalOf(backFrom(staged.signIn, { code: 'code-1', iss: 'https://evil.test' }), staged)
    const oauth = oauthAt(staged.issuer, { storage: staged.storage })
    expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth })).toMatchObject({ reason: 'stale' })
  })

  it.each(['{', '{}', '{"value":{},"expiresAt":1893456001000}', '{"value":{"verifier":1},"expiresAt":1893456001000}'])(
    'finds %s in the storage, and asks nobody',
    async (item) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const staged = await stage()
      staged.storage.setItem(itemOf(staged.signIn), item)
      const oauth = oauthAt(staged.issuer, { storage: staged.storage })
      expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth })).toMatchObject({ reason: 'stale' })
      expect(staged.issuer.askedFor('token')).toEqual([])
    },
  )
})

describe('a callback that is denied', () => {
  it.each(['access_denied', 'login_required', 'interaction_required', 'server_error', 'invalid_scope'])(
    'tells the code %s',
    async (error) => {
      const staged = await stage()
      const refusal = await refusalOf(backFrom(staged.signIn, { error, error_description: 'rt-1' }), staged)
      expect(refusal).toMatchObject({ reason: 'denied', error })
      expect(staged.issuer.askedFor('token')).toEqual([])
    },
  )

  it.each(['<script>alert(1)</script>', 'Access Denied', 'x'.repeat(41), 'a\nb', 'rt-secret'])(
    'does not repeat %j, which is no code',
    async (error) => {
      const staged = await stage()
      const refusal = await refusalOf(backFrom(staged.signIn, { error }), staged)
      expect(refusal.reason).toBe('denied')
      expect(refusal).not.toHaveProperty('error')
    },
  )

  it('is used up by it', async () => {
    const staged = await stage()
    await refusalOf(backFrom(staged.signIn, { error: 'access_denied' }), staged)
    const oauth = oauthAt(staged.issuer, { storage: staged.storage })
    expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth })).toMatchObject({ reason: 'stale' })
  })
})

describe('a callback that brings nothing', () => {
  const no = { error: 'access_denied' }

  it('still knows where the user was', async () => {
    const denied = await stage()
    expect(await refusalOf(backFrom(denied.signIn, no), denied)).toMatchObject({ returnTo: '/notes' })
    const tampered = await stage()
    const callback = backFrom(tampered.signIn, { code: 'code-1', iss: 'https://evil.test' })
    expect(await refusalOf(callback, tampered)).toMatchObject({ returnTo: '/notes' })
    const stale = await stage()
    stale.issuer.script.token = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    expect(await refusalOf(backFrom(stale.signIn), stale)).toMatchObject({ returnTo: '/notes' })
  })

  it('leads to no place that it does not know, or that somebody else has written to the storage', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const staged = await stage()
    const item = String(staged.storage.getItem(itemOf(staged.signIn)))
    staged.storage.setItem(itemOf(staged.signIn), item.replace('"/notes"', '"//evil.test/"'))
    expect(await refusalOf(backFrom(staged.signIn, no), staged)).not.toHaveProperty('returnTo')
    expect(await refusalOf(backFrom(staged.signIn, { ...no, state: 'unknown' }), staged)).not.toHaveProperty('returnTo')
  })
})

describe('a callback whose exchange fails', () => {
  it.each([
    ['is too busy', () => new Response(null, { status: 503, headers: { 'retry-after': '3' } })],
    ['is behind a captive portal', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    [
      'cannot be reached',
      async (): Promise<never> => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
      },
    ],
  ])('since the issuer %s, can be tried again at the same address', async (_, token) => {
    const staged = await stage()
    const { issuer, oauth, signIn, session } = staged
    issuer.script.token = token
    await expect(oauth.handleCallback(backFrom(signIn))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'unavailable',
    })
    expect(await session.tokens()).toMatchObject({ accessToken: 'at-held' })
    answersSignIn(issuer, signIn)
    expect(await oauth.handleCallback(backFrom(signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it('since the issuer is too busy, can be tried again by a reload', async () => {
    const { issuer, oauth, signIn, storage } = await stage()
    issuer.script.token = () => new Response(null, { status: 503 })
    await failureOf(oauth.handleCallback(backFrom(signIn)))
    answersSignIn(issuer, signIn)
    const reloaded = oauthAt(issuer, { storage })
    expect(await reloaded.handleCallback(backFrom(signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it.each([
    ['not there', () => new Response(null, { status: 502 })],
    ['those of a captive portal', () => Response.json({})],
    ['no JSON', () => new Response('<html>')],
  ])('since the metadata are %s, can be tried again', async (_, discovery) => {
    const { issuer, signIn, storage } = await stage()
    const reloaded = oauthAt(issuer, { storage })
    issuer.script.discovery = discovery
    await expect(reloaded.handleCallback(backFrom(signIn))).rejects.toMatchObject({ reason: 'unavailable' })
    issuer.script.discovery = () => Response.json(metadata())
    expect(await reloaded.handleCallback(backFrom(signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it('since the page is left before the metadata are there, can be tried again', async () => {
    const { issuer, signIn, storage } = await stage()
    const left = oauthAt(issuer, { storage })
    await new Promise<void>((resolve) => {
      issuer.script.discovery = () => {
        resolve()
        return new Promise(() => {})
      }
      void left.handleCallback(backFrom(signIn))
    })
    issuer.script.discovery = () => Response.json(metadata())
    const reloaded = oauthAt(issuer, { storage })
    expect(await reloaded.handleCallback(backFrom(signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it('since the answer was lost, is not tried again: the code may be spent', async () => {
    const staged = await stage()
    staged.issuer.script.token = async () => {
      throw new TypeError('fetch failed')
    }
    await expect(staged.oauth.handleCallback(backFrom(staged.signIn))).rejects.toMatchObject({ reason: 'lost' })
    const oauth = oauthAt(staged.issuer, { storage: staged.storage })
    expect(await refusalOf(backFrom(staged.signIn), { ...staged, oauth })).toMatchObject({ reason: 'stale' })
  })

  it('since the issuer is silent, ends after 30 s with what nobody knows', async () => {
    const hour = new AbortController()
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const waits = vi
      .spyOn(AbortSignal, 'timeout')
      .mockImplementation((ms) => (ms === 30_000 ? hour.signal : timeout(ms)))
    onTestFinished(() => waits.mockRestore())
    const { issuer, oauth, signIn } = await stage()
    issuer.script.token = async ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
        hour.abort(new DOMException('It took too long', 'TimeoutError'))
        if (signal === undefined) reject(new Error('It would wait for ever'))
      })
    const failure = await failureOf(oauth.handleCallback(backFrom(signIn)))
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'lost', cause: { name: 'TimeoutError' } })
  })

  it('since the client is not known, is no fault of the address', async () => {
    const { issuer, oauth, signIn } = await stage()
    issuer.script.token = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    await expect(oauth.handleCallback(backFrom(signIn))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
    })
  })

  it('since the issuer has another name, is no fault of the address', async () => {
    const { issuer, signIn, storage } = await stage()
    issuer.script.discovery = () => Response.json(metadata({ issuer: 'https://evil.test' }))
    const elsewhere = oauthAt(issuer, { storage })
    await expect(elsewhere.handleCallback(backFrom(signIn))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
    })
  })

  it('since nobody knows the type of the token, is no fault of the address', async () => {
    const { issuer, oauth, signIn } = await stage()
    answersSignIn(issuer, signIn, {}, { token_type: 'mac' })
    await expect(oauth.handleCallback(backFrom(signIn))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
      sent: true,
    })
  })

  it('since there is no such endpoint, is no fault of the address', async () => {
    const { issuer, oauth, signIn } = await stage()
    issuer.script.token = () => Response.json({ message: 'Not found' }, { status: 404 })
    await expect(oauth.handleCallback(backFrom(signIn))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
    })
  })
})

describe('a callback that is handled twice', () => {
  it('at once exchanges its code once, and both get the same', async () => {
    const { issuer, oauth, signIn } = await stage()
    const [one, two] = await Promise.all([
      oauth.handleCallback(backFrom(signIn)),
      oauth.handleCallback(String(backFrom(signIn))),
    ])
    expect(one).toBe(two)
    expect(one).toMatchObject({ returnTo: '/notes' })
    expect(issuer.askedFor('token')).toHaveLength(1)
  })

  it('at once fails for both alike', async () => {
    const { issuer, oauth, signIn } = await stage()
    issuer.script.token = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    const [one, two] = await Promise.all([
      failureOf(oauth.handleCallback(backFrom(signIn))),
      failureOf(oauth.handleCallback(backFrom(signIn))),
    ])
    expect(one).toBe(two)
    expect(issuer.askedFor('token')).toHaveLength(1)
  })

  it('one after the other within a minute gets the same, and exchanges its code once', async () => {
    const { issuer, oauth, signIn } = await stage()
    const one = await oauth.handleCallback(backFrom(signIn))
    expect(await oauth.handleCallback(backFrom(signIn))).toBe(one)
    expect(issuer.askedFor('token')).toHaveLength(1)
  })

  it('is stale after a minute: no token is kept for the life of the page', async () => {
    const minute = new AbortController()
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const waits = vi
      .spyOn(AbortSignal, 'timeout')
      .mockImplementation((ms) => (ms === 60_000 ? minute.signal : timeout(ms)))
    onTestFinished(() => waits.mockRestore())
    const staged = await stage()
    await staged.oauth.handleCallback(backFrom(staged.signIn))
    minute.abort()
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'stale' })
    expect(staged.issuer.askedFor('token')).toHaveLength(1)
  })

  it('is stale after a sign-out that the issuer was told', async () => {
    const staged = await stage()
    const signedIn = await staged.oauth.handleCallback(backFrom(staged.signIn))
    await staged.oauth.revoke(signedIn?.tokens)
    expect(await refusalOf(backFrom(staged.signIn), staged)).toMatchObject({ reason: 'stale' })
  })

  it.each(['the one that began', 'the other'])(
    'by two copies over one storage gives the tokens to the first of them: %s',
    async (which) => {
      const { issuer, oauth, signIn, storage } = await stage()
      const other = oauthAt(issuer, { storage })
      // Read already, so that they are equally fast.
      await other.revoke({ accessToken: 'at-other' })
      const copies = which === 'the other' ? [other, oauth] : [oauth, other]
      const both = await Promise.allSettled(copies.map((each) => each.handleCallback(backFrom(signIn))))
      expect(both).toMatchObject([
        { status: 'fulfilled', value: { tokens: { accessToken: 'at-new' } } },
        { status: 'rejected', reason: { name: 'OAuthCallbackError', reason: 'stale' } },
      ])
      expect(issuer.askedFor('token')).toHaveLength(1)
    },
  )
})

describe('sign-ins in two tabs', () => {
  it('do not disturb each other', async () => {
    const issuer = scriptedIssuer()
    const [one, two] = [oauthAt(issuer, { storage: memoryStorage() }), oauthAt(issuer, { storage: memoryStorage() })]
    const first = await one.authorize({ returnTo: '/one' })
    const second = await two.authorize({ returnTo: '/two' })
    expect(first.searchParams.get('state')).not.toBe(second.searchParams.get('state'))
    answersSignIn(issuer, second)
    expect(await two.handleCallback(backFrom(second))).toMatchObject({ returnTo: '/two' })
    answersSignIn(issuer, first)
    expect(await one.handleCallback(backFrom(first))).toMatchObject({ returnTo: '/one' })
  })

  it('of one storage each come back to their own place, or to none', async () => {
    const issuer = scriptedIssuer()
    const storage = memoryStorage()
    const tabs = [1, 2, 3].map(() => oauthAt(issuer, { storage }))
    const places = ['/one', '/two', undefined]
    const signIns = await Promise.all(tabs.map((tab, index) => tab.authorize({ returnTo: places[index] })))
    for (const [index, signIn] of signIns.entries()) {
      answersSignIn(issuer, signIn)
      // As after the way to the issuer and back: nothing is known but what is stored.
      const signedIn = await oauthAt(issuer, { storage }).handleCallback(backFrom(signIn))
      expect(signedIn?.returnTo).toBe(places[index])
    }
  })

  it('of one storage each end with their own verifier', async () => {
    const issuer = scriptedIssuer()
    const oauth = oauthAt(issuer, { storage: memoryStorage() })
    const [first, second] = [await oauth.authorize(), await oauth.authorize()]
    for (const signIn of [second, first]) {
      answersSignIn(issuer, signIn)
      expect(await oauth.handleCallback(backFrom(signIn))).toBeDefined()
    }
    const verifiers = issuer.askedFor('token').map(({ form }) => form.get('code_verifier'))
    expect(new Set(verifiers).size).toBe(2)
  })
})

describe('sign-ins at two clients of one page', () => {
  const other = { clientId: 'other-app' }

  it('are foreign to each other, and nothing of either is used up or sent to the wrong one', async () => {
    const [mine, theirs] = [scriptedIssuer(), scriptedIssuer()]
    const storage = memoryStorage()
    const oauth = oauthAt(mine, { storage })
    const elsewhere = oauthAt(theirs, { storage, ...other })
    const signIn = await oauth.authorize({ returnTo: '/notes' })
    await expect(elsewhere.handleCallback(backFrom(signIn))).rejects.toMatchObject({ reason: 'foreign' })
    expect(theirs.askedFor('token')).toEqual([])
    answersSignIn(mine, signIn)
    expect(await oauth.handleCallback(backFrom(signIn))).toMatchObject({ returnTo: '/notes' })
  })

  it('are foreign at another issuer, too: no code and no verifier goes there', async () => {
    const [mine, theirs] = [scriptedIssuer(), scriptedIssuer()]
    const storage = memoryStorage()
    theirs.script.discovery = () =>
      Response.json(metadata({ issuer: 'https://other.test', token_endpoint: 'https://other.test/token' }))
    const elsewhere = oauthAt(theirs, { storage, issuer: 'https://other.test' })
    const signIn = await oauthAt(mine, { storage }).authorize()
    await expect(elsewhere.handleCallback(backFrom(signIn))).rejects.toMatchObject({ reason: 'foreign' })
    expect(theirs.askedFor('token')).toEqual([])
  })

  it('are told apart by the query of the redirect address, if that is how it differs', async () => {
    const issuer = scriptedIssuer()
    const storage = memoryStorage()
    const [one, two] = ['one', 'two'].map((by) => oauthAt(issuer, { storage, redirectUri: `${redirectUri}?by=${by}` }))
    const signIn = (await two?.authorize()) as URL
    answersSignIn(issuer, signIn)
    const callback = backFrom(signIn, { by: 'two', code: 'code-1' })
    expect(await one?.handleCallback(callback)).toBeUndefined()
    expect(await two?.handleCallback(callback)).toBeDefined()
  })
})

describe('the address bar', () => {
  function page(href: string) {
    const replaceState = vi.fn<History['replaceState']>()
    const location = { href }
    vi.stubGlobal('location', location)
    vi.stubGlobal('history', { state: { scroll: 7 }, replaceState })
    return { location, replaceState }
  }

  const parameters = {
    tab: 'files',
    code: 'code-1',
    iss: 'https://id.test',
    session_state: 'x',
    q: 'a b&c',
  }

  it('loses the answer, and keeps all else that is in it', async () => {
    const { oauth, signIn } = await stage()
    const callback = backFrom(signIn, parameters)
    callback.hash = '#end'
    const { replaceState } = page(callback.href)
    await oauth.handleCallback()
    expect(replaceState).toHaveBeenCalledTimes(1)
    const [state, , clean] = replaceState.mock.calls[0] ?? []
    expect(state).toEqual({ scroll: 7 })
    expect(String(clean)).toBe(`${redirectUri}?tab=files&q=a+b%26c#end`)
  })

  it('that cannot be changed costs no tokens', async () => {
    const { oauth, signIn } = await stage()
    const { replaceState } = page(backFrom(signIn).href)
    replaceState.mockImplementation(() => {
      throw new DOMException('Attempt to use history.replaceState() more than 100 times', 'SecurityError')
    })
    expect(await oauth.handleCallback()).toMatchObject({ tokens: { accessToken: 'at-new' }, returnTo: '/notes' })
  })

  it('loses a no', async () => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, {
      error: 'access_denied',
      error_description: 'No',
      error_uri: 'https://id.test/no',
    })
    const { replaceState } = page(callback.href)
    await refusalOf(callback, staged)
    expect(String(replaceState.mock.calls[0]?.[2])).toBe(redirectUri)
  })

  it('loses what is stale or foreign', async () => {
    const staged = await stage()
    const callback = backFrom(staged.signIn, { code: 'code-1', state: 'unknown' })
    const { replaceState } = page(callback.href)
    await refusalOf(callback, staged)
    expect(String(replaceState.mock.calls[0]?.[2])).toBe(redirectUri)
  })

  it('keeps what can be tried again', async () => {
    const { issuer, oauth, signIn } = await stage()
    issuer.script.token = () => new Response(null, { status: 503 })
    const { replaceState } = page(backFrom(signIn).href)
    await failureOf(oauth.handleCallback())
    expect(replaceState).not.toHaveBeenCalled()
  })

  it('stays as it is when the page has gone on meanwhile', async () => {
    const { issuer, oauth, signIn } = await stage()
    const { location, replaceState } = page(backFrom(signIn).href)
    const answer = issuer.script.token
    issuer.script.token = (asked) => {
      location.href = 'https://app.test/notes?state=mine'
      return answer(asked)
    }
    expect(await oauth.handleCallback()).toBeDefined()
    expect(replaceState).not.toHaveBeenCalled()
  })

  it('stays as it is when the answer came another way', async () => {
    const { oauth, signIn } = await stage()
    const { replaceState } = page('https://app.test/notes?code=mine&state=mine')
    expect(await oauth.handleCallback(backFrom(signIn))).toBeDefined()
    expect(replaceState).not.toHaveBeenCalled()
  })
})
