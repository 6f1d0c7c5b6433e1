import { parseTokenResponse, type TokenSet } from '@reauth/core'
import * as oauth from 'oauth4webapi'

import { client, clientAuth, discover, overLoopback } from './issuer-client.ts'
import { takePending } from './pending-sign-in.ts'

/** Where the issuer sends the user back to. */
export const redirectUri: string = `${location.origin}/`

/** Turns the issuer's answer into tokens: checks state, issuer and nonce. An answer is good for one exchange. */
export async function exchangeCode(callback: URL): Promise<TokenSet> {
  const state = callback.searchParams.get('state') ?? ''
  const pending = takePending(state)
  if (pending === undefined) throw new Error('This sign-in was not started in this tab, or it is used up. Start again.')
  const server = await discover()
  const parameters = oauth.validateAuthResponse(server, client, callback, state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    clientAuth,
    parameters,
    redirectUri,
    pending.verifier,
    overLoopback,
  )
  const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: pending.nonce,
    requireIdToken: true,
  })
  return parseTokenResponse(answer)
}
