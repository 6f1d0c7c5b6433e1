import type { IncomingMessage, ServerResponse } from 'node:http'

import {
  AuthenticationError,
  createSession,
  createSessions,
  type Credential,
  RefreshError,
  type Session,
  type TokenSet,
  type Trace,
} from '@reauth/core'
import { createOAuth } from '@reauth/oauth'
import { ClientSecretPost } from 'oauth4webapi'

import { type BrokerAnswer, type BrokerRequest, paths } from '../contract.ts'
import { type BrokerRecords, keyOf, newBrokerToken } from './broker-records.ts'
import { createBrokerSignIn } from './broker-sign-in.ts'
import { cookieOf, setCookie } from './cookies.ts'
import type { Tally } from './counters.ts'
import { isFromPage } from './from-page.ts'
import { sessionCookie } from './gate.ts'
import type { Client } from './issuer.ts'
import type { Passes } from './passes.ts'
import { readJson } from './read-json.ts'
import { empty, json } from './respond.ts'
import type { Handler } from './serve.ts'

interface BrokerOptions {
  readonly issuer: string
  readonly client: Client
  readonly pageOrigin: string
  readonly records: BrokerRecords
  /** Of the session cookie, which the broker renews with each access token. */
  readonly passes: Passes
  readonly tally: Tally
  /** What the refresh path did, without a token. */
  readonly trace?: Trace | undefined
}

const brokerCookie = 'reauth-demo-broker'
const brokerPlace = { path: paths.brokerSession }
const day = 24 * 60 * 60

/**
 * Creates the broker: it keeps the refresh tokens, which are good for one use, and gives pages access tokens. One process
 * and one session for each sign-in, so that pages that ask at once cost one refresh.
 */
export function createBroker(options: BrokerOptions): Handler {
  const { issuer, client, pageOrigin, records, passes, tally, trace } = options
  const oauth = createOAuth({
    issuer,
    clientId: client.id,
    clientAuth: ClientSecretPost(client.secret ?? ''),
    redirectUri: client.redirectUri,
    // Everything of the demo is on loopback, over plain http. Never set this anywhere else.
    allowInsecureRequests: true,
    trace,
  })
  const sessions = createSessions((key) =>
    createSession({
      name: key,
      storage: records.storage,
      issuer,
      ...(trace && { trace }),
      refresh(context) {
        tally.brokerKeys.add(key)
        return oauth.refresh(context)
      },
    }),
  )

  async function keep(tokens: TokenSet, request: IncomingMessage): Promise<string> {
    await forget(request)
    const token = newBrokerToken()
    await using session = sessions.open(keyOf(token))
    await session.signIn(tokens)
    return setCookie(brokerCookie, token, { ...brokerPlace, maxAge: day })
  }

  /** Ends what the browser was known by. */
  async function forget(request: IncomingMessage): Promise<void> {
    const key = keyIn(request)
    if (key === undefined) return
    await using session = sessions.open(key)
    const tokens = await session.tokens()
    await session.signOut()
    records.drop(key)
    await oauth.revoke(tokens)
  }

  const giveSession: Handler = async (request, response) => {
    tally.broker.add('requests')
    const key = keyIn(request)
    const given: BrokerRequest = await readJson(request)
    if (key === undefined) return refuse(response, 'Nobody is signed in here')
    await using session = sessions.open(key)
    try {
      const credential = await current(session, given.refused)
      const { accessToken = '', expiresAt = Date.now() } = credential
      json(response, 200, answerOf(credential), {
        'set-cookie': setCookie(sessionCookie, passes.issue(accessToken, expiresAt)),
      })
    } catch (error) {
      if (error instanceof AuthenticationError) return refuse(response, error.message)
      if (!(error instanceof RefreshError)) throw error
      tally.broker.add('unavailable')
      const { retryAfterMs } = error
      const seconds = retryAfterMs === undefined ? undefined : String(Math.ceil(retryAfterMs / 1000))
      json(response, 502, { error: error.message }, seconds === undefined ? {} : { 'retry-after': seconds })
    }
  }

  const signOut: Handler = async (request, response) => {
    await forget(request)
    empty(response, { 'set-cookie': setCookie(brokerCookie, '', brokerPlace) })
  }

  function refuse(response: ServerResponse, error: string): void {
    tally.broker.add('unauthorized')
    json(response, 401, { error })
  }

  const answers: Readonly<Record<string, Handler>> = {
    ...createBrokerSignIn(oauth, keep),
    [`POST ${paths.brokerSession}`]: giveSession,
    [`POST ${paths.brokerSignOut}`]: signOut,
  }

  return (request, response, url) => {
    const answer = answers[`${request.method} ${url.pathname}`]
    if (answer === undefined) return json(response, 404, { error: 'not_found' })
    if (request.method === 'POST' && !isFromPage(request, pageOrigin)) {
      tally.broker.add('foreign')
      return json(response, 403, { error: 'only the demo page may ask' })
    }
    return answer(request, response, url)
  }
}

function keyIn(request: IncomingMessage): string | undefined {
  const token = cookieOf(request, brokerCookie)
  return token === undefined ? undefined : keyOf(token)
}

/** Returns a credential that works; not the one that a server refused. */
async function current(session: Session, refused: string | undefined): Promise<Credential> {
  const held = await session.acquire()
  return refused !== undefined && refused === held.accessToken ? session.acquire({ refused: held }) : held
}

const answerOf = ({ accessToken = '', expiresAt = 0, identity = '' }: Credential): BrokerAnswer => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in: Math.max(0, Math.floor((expiresAt - Date.now()) / 1000)),
  identity,
})
