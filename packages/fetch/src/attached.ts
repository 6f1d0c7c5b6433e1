import { type Credential, parseChallenges } from '@reauth/core'

import { discard } from './body.ts'

/**
 * Puts a credential on a request in the caller's own way. `challenge` is the answer that asked for a DPoP nonce (RFC
 * 9449, section 9).
 */
export type Attach = (request: Request, credential: Credential, challenge?: Response) => Request | Promise<Request>

/** Sends with the caller's placement; repeats once, with the same credential, where a DPoP nonce was asked for. */
export async function sendAttached(
  send: typeof fetch,
  copy: () => RequestInfo | URL,
  init: RequestInit,
  credential: Credential,
  attach: Attach,
  isOneWay: boolean,
): Promise<Response> {
  // What a Request does not keep, such as the options of a framework, goes along.
  const { method: _method, headers: _headers, body: _body, signal: _signal, ...rest } = init
  const response = await send(await attach(new Request(copy(), init), credential), rest)
  if (response.status !== 401 || isOneWay) return response
  if (!parseChallenges(response).some(({ parameters }) => parameters['error'] === 'use_dpop_nonce')) return response
  discard(response)
  return send(await attach(new Request(copy(), init), credential, response), rest)
}
