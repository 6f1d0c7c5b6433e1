import { type CredentialSource, isReauthError } from '@reauth/core'
import type { ClientOptions } from 'graphql-ws'

import { createWebSocketClass } from './create-web-socket-class.ts'
import type { WebSocketClassOptions } from './socket-class.ts'

/** What of graphql-ws's options is ours. */
export type GraphqlWsOptions = Required<
  Pick<ClientOptions, 'webSocketImpl' | 'connectionParams' | 'retryAttempts' | 'shouldRetry'>
>

/**
 * Returns options for `createClient` of graphql-ws, with the credential as `connectionParams.authorization`. Its
 * subscriptions go on over the end of a credential; 4401 and 4403 end them.
 */
export function graphqlWs(source: CredentialSource, options: WebSocketClassOptions = {}): GraphqlWsOptions {
  return {
    webSocketImpl: createWebSocketClass(source, options),
    async connectionParams() {
      const { tokenType, accessToken } = await source.acquire()
      return accessToken === undefined ? {} : { authorization: `${tokenType} ${accessToken}` }
    },
    retryAttempts: Infinity,
    shouldRetry: (event) => !isFinal(Object(event) as Partial<CloseEvent & ErrorEvent>),
  }
}

/** A connection that was never open tells an error first, and the client goes by that. */
function isFinal({ code, error }: Partial<CloseEvent & ErrorEvent>): boolean {
  return code === 4401 || code === 4403 || (isReauthError(error) && error.name !== 'RefreshError')
}
