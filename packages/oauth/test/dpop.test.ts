import { createSession, memoryStorage } from '@reauth/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { createDpop } from '../src/dpop.ts'
import { failureOf } from './support/failure-of.ts'
import { proofIn } from './support/proof.ts'
import {
  answersSignIn,
  type Asked,
  backFrom,
  oauthAt,
  type ScriptedIssuer,
  scriptedIssuer,
  tokenAnswer,
} from './support/scripted-issuer.ts'
import { stillPlatform } from './support/still-platform.ts'

const held = { accessToken: 'at-old', refreshToken: 'rt-old', tokenType: 'DPoP' }

const wantsNonce = (nonce: string): Response =>
  Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': nonce } })

const bound = (): Response => Response.json(tokenAnswer({ token_type: 'DPoP' }))

function refreshAt(issuer: ScriptedIssuer, oauth = boundAt(issuer)): Promise<unknown> {
  return oauth.refresh({ tokens: held, reason: 'asked', signal: new AbortController().signal })
}

const boundAt = (issuer: ScriptedIssuer) => oauthAt(issuer, { dpop: createDpop({ storage: memoryStorage() }) })

const claimsOf = async (asked: readonly Asked[]): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  Promise.all(asked.map(async ({ headers }) => (await proofIn(headers.get('dpop'))).claims))

describe('at the token endpoint', () => {
  it('a refresh brings a proof, for the endpoint and no access token', async () => {
    const issuer = scriptedIssuer({ token: bound })
    expect(await refreshAt(issuer)).toMatchObject({ tokenType: 'dpop' })
    const [claims] = await claimsOf(issuer.askedFor('token'))
    expect(claims).toMatchObject({ htm: 'POST', htu: 'https://id.test/token' })
    expect(claims).not.toHaveProperty('ath')
  })

  it('a nonce costs one repeat, with a new proof, and no other until there is a new one', async () => {
    let nonce = 'n-1'
    const issuer = scriptedIssuer({
      token: async ({ headers }) =>
        (await proofIn(headers.get('dpop'))).claims['nonce'] === nonce ? bound() : wantsNonce(nonce),
    })
    const oauth = boundAt(issuer)
    await refreshAt(issuer, oauth)
    await refreshAt(issuer, oauth)
    nonce = 'n-2'
    await refreshAt(issuer, oauth)
    const claims = await claimsOf(issuer.askedFor('token'))
    expect(claims.map((each) => each['nonce'])).toEqual([undefined, 'n-1', 'n-1', 'n-1', 'n-2'])
    expect(new Set(claims.map((each) => each['jti'])).size).toBe(5)
    expect(new Set(issuer.askedFor('token').map(({ form }) => form.get('refresh_token')))).toEqual(new Set(['rt-old']))
  })

  it('a nonce that is asked for again and again is asked for twice, and is no verdict', async () => {
    let asked = 0
    const issuer = scriptedIssuer({ token: () => wantsNonce(`n-${++asked}`) })
    expect(await failureOf(refreshAt(issuer))).toMatchObject({ reason: 'unavailable', sent: true })
    expect(issuer.askedFor('token')).toHaveLength(2)
  })

  it('a nonce challenge leaves the session active, and its tokens as they are', async () => {
    const issuer = scriptedIssuer({ token: () => wantsNonce('n') })
    const platform = stillPlatform()
    const session = createSession({ refresh: boundAt(issuer).refresh, origins: ['https://api.test'], platform })
    onTestFinished(() => session[Symbol.asyncDispose]())
    await session.signIn({ ...held, expiresInMs: 60_000 })
    platform.pass(60_000)
    await expect(session.acquire()).rejects.toMatchObject({ reason: 'unavailable' })
    expect(session.state.status).toBe('active')
    expect(await session.tokens()).toMatchObject(held)
  })

  it('a failure of the second try is what it is', async () => {
    let asked = 0
    const issuer = scriptedIssuer({
      token: () => (asked++ === 0 ? wantsNonce('n') : Response.json({ error: 'invalid_grant' }, { status: 400 })),
    })
    expect(await failureOf(refreshAt(issuer))).toMatchObject({ reason: 'rejected' })
    expect(issuer.askedFor('token')).toHaveLength(2)
  })

  it('a sign-in and an exchange repeat once for a nonce, too', async () => {
    const issuer = scriptedIssuer()
    const oauth = boundAt(issuer)
    const url = await oauth.authorize()
    answersSignIn(issuer, url, {}, { token_type: 'DPoP' })
    const answer = issuer.script.token
    const needsNonce = async (asked: Asked): Promise<Response> =>
      (await claimsOf([asked]))[0]?.['nonce'] === 'n' ? answer(asked) : wantsNonce('n')
    issuer.script.token = needsNonce
    expect(await oauth.handleCallback(backFrom(url))).toBeDefined()
    expect(issuer.askedFor('token').map(({ form }) => form.get('code'))).toEqual(['code-1', 'code-1'])
    const other = boundAt(issuer)
    issuer.script.token = async (asked) => ((await claimsOf([asked]))[0]?.['nonce'] === 'n' ? bound() : wantsNonce('n'))
    const exchange = other.exchange({ subjectToken: 'subject' })
    await exchange.refresh({ tokens: held, reason: 'asked', signal: new AbortController().signal })
    expect(issuer.askedFor('token')).toHaveLength(4)
  })

  it.each(['Bearer', 'bearer'])('a token of type %s is not bound, and is refused', async (token_type) => {
    const issuer = scriptedIssuer({ token: () => Response.json(tokenAnswer({ token_type })) })
    const failure = await failureOf(refreshAt(issuer))
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'misconfigured', sent: true })
    expect(String(failure)).toContain('bound')
    expect(String(failure) + JSON.stringify(failure)).not.toMatch(/at-new|rt-new/)
  })

  it('a sign-in that brings a token that is not bound is refused, and it is no fault of the address', async () => {
    const issuer = scriptedIssuer()
    const oauth = boundAt(issuer)
    const url = await oauth.authorize()
    answersSignIn(issuer, url)
    await expect(oauth.handleCallback(backFrom(url))).rejects.toMatchObject({
      name: 'RefreshError',
      reason: 'misconfigured',
    })
  })

  it('a nonce that is asked of a client without a key is a mistake in the setup: nothing repeats', async () => {
    const issuer = scriptedIssuer({ token: () => wantsNonce('n') })
    expect(await failureOf(refreshAt(issuer, oauthAt(issuer)))).toMatchObject({ reason: 'misconfigured', sent: true })
    expect(issuer.askedFor('token')).toHaveLength(1)
  })

  it('a key that cannot be read is tried again at the next refresh, and nothing was sent', async () => {
    const storage = memoryStorage()
    let isBroken = true
    const dpop = createDpop({
      storage: {
        ...storage,
        getItem(key) {
          if (isBroken) throw new DOMException('Not now', 'UnknownError')
          return storage.getItem(key)
        },
      },
    })
    const issuer = scriptedIssuer({ token: bound })
    const oauth = oauthAt(issuer, { dpop })
    const failure = await failureOf(refreshAt(issuer, oauth))
    expect(issuer.askedFor('token')).toEqual([])
    isBroken = false
    expect(await refreshAt(issuer, oauth)).toMatchObject({ accessToken: 'at-new' })
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
  })

  it('a key that cannot be read lets no sign-in begin, and says what it is', async () => {
    const dpop = createDpop({
      storage: {
        ...memoryStorage(),
        getItem() {
          throw new DOMException('Not now', 'UnknownError')
        },
      },
    })
    const navigate = vi.fn<(url: URL) => void>()
    const failure = await failureOf(oauthAt(scriptedIssuer(), { dpop }).authorize({ navigate }))
    expect(failure).toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
    expect(navigate).not.toHaveBeenCalled()
  })
})

describe('outside of a page', () => {
  const thumbprintOf = async (name: string): Promise<string> =>
    (await createDpop({ name }).handle()).calculateThumbprint()

  it('a key is kept in memory by its name', async () => {
    const thumbprint = await thumbprintOf('kept')
    expect(await thumbprintOf('kept')).toBe(thumbprint)
    expect(await thumbprintOf('other')).not.toBe(thumbprint)
  })

  it('a key is one for two that create it at once', async () => {
    const [one, two] = await Promise.all([thumbprintOf('at once'), thumbprintOf('at once')])
    expect(one).toBe(two)
  })
})
