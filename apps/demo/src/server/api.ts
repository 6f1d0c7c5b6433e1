import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Provider } from 'oidc-provider'

import type { Counters, Tally } from './counters.ts'
import { findPerson } from './people.ts'
import { json } from './respond.ts'

/** Endpoints and the scope that each asks for. No token of this demo has `vault`. */
const scopes: Readonly<Record<string, string>> = { '/api/work': 'openid', '/api/vault': 'vault' }

interface Answer {
  status: number
  body: unknown
  challenge?: string
  counter?: keyof Counters
}

/** Creates the protected API: every call looks its access token up at the issuer, so that a revoked one is dead at once. */
export function createApi(
  provider: Provider,
  tally: Tally,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  return async (request, response, path) => {
    const { status, body, challenge, counter } = await answer(provider, path, request.headers.authorization)
    if (counter !== undefined) tally.count(counter)
    json(response, status, body, challenge === undefined ? {} : { 'www-authenticate': challenge })
  }
}

async function answer(provider: Provider, path: string, authorization: string | undefined): Promise<Answer> {
  const scope = scopes[path]
  if (scope === undefined) return { status: 404, body: { error: 'not_found' } }

  const presented = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
  // RFC 6750 §3: a request without a token gets no error code
  if (presented === undefined) return refuse('Bearer realm="reauth demo"')

  const token = await provider.AccessToken.find(presented)
  if (token === undefined || !token.isValid) {
    return refuse('Bearer realm="reauth demo", error="invalid_token", error_description="expired or revoked"')
  }
  if (!token.scopes.has(scope)) {
    return {
      status: 403,
      body: { error: 'insufficient_scope' },
      challenge: `Bearer realm="reauth demo", error="insufficient_scope", scope="${scope}"`,
      counter: 'apiDenied',
    }
  }
  return { status: 200, body: { name: findPerson(token.accountId)?.name }, counter: 'apiOk' }
}

const refuse = (challenge: string): Answer => ({
  status: 401,
  body: { error: 'unauthorized' },
  challenge,
  counter: 'apiUnauthorized',
})
