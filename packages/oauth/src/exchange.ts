import { isReauthError, type Strategy } from '@reauth/core'

import { failure, type Issuer } from './issuer.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** What is exchanged for tokens (RFC 8693). */
export interface ExchangeOptions {
  /** The token that is given, or what gets one: of another session, of a platform. What it throws ends the exchange. */
  subjectToken: string | (() => string | Promise<string>)
  /** @default 'urn:ietf:params:oauth:token-type:access_token' */
  subjectTokenType?: string | undefined
  /** The service that the new token is for. */
  audience?: string | undefined
  scope?: string | undefined
}

/** Returns a strategy that exchanges a token for others, and spends no refresh token. */
export function exchangeAt(issuer: Issuer, options: ExchangeOptions): Required<Strategy> {
  const { subjectToken, subjectTokenType = 'urn:ietf:params:oauth:token-type:access_token', audience, scope } = options
  return {
    spends: false,
    async refresh({ signal }) {
      const parameters = {
        subject_token: await subjectOf(subjectToken),
        subject_token_type: subjectTokenType,
        audience,
        scope,
      }
      // A subject token that is no good is an `invalid_request` (RFC 8693, section 2.2.2).
      return issuer.tokensBy(grantType, parameters, signal, ['invalid_grant', 'invalid_request'])
    },
  }
}

async function subjectOf(given: ExchangeOptions['subjectToken']): Promise<string> {
  try {
    return typeof given === 'function' ? await given() : given
  } catch (cause) {
    const name = isReauthError(cause) && cause.name
    if (name === 'RefreshError') throw cause
    // Who is signed out over there has none, for good.
    const reason = name === 'AuthenticationError' ? 'rejected' : 'unavailable'
    throw failure('There is no token to exchange', reason, cause)
  }
}
