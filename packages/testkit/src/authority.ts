import { parseTokenResponse } from '@reauth/core'

import type { Exchange } from './exchange.ts'
import type { SignIn } from './issuer.ts'
import type { IssuerOptions } from './issuer-options.ts'
import { answerApiRequest } from './protected-resource.ts'
import { answerTokenRequest, cookieAnswer, type TokenResponse, tokenResponse } from './token-endpoint.ts'
import { createTokenLedger, type IssuedTokens, type Redemption, type TokenLedger } from './token-ledger.ts'

/** The servers behind the network: a pure function of the requests, their order and the time. */
export interface Authority {
  answer(exchange: Exchange): Response
  signIn(identity: string): SignIn
  readonly ledger: TokenLedger
  /** How often each outcome of presenting a refresh token has come up. */
  readonly outcomes: Readonly<Record<Redemption['outcome'], number>>
}

/** Returns an authority that has issued nothing. */
export function createAuthority(options: Required<IssuerOptions>): Authority {
  const { origin, clock } = options
  const now = (): number => clock.now()
  const ledger = createTokenLedger({ ...options, now, host: new URL(origin).host.replaceAll(/[^a-z0-9]/g, '-') })
  const outcomes = { refreshed: 0, graced: 0, rejected: 0, reused: 0 }

  function redeem(refreshToken: string): Redemption {
    const redemption = ledger.redeem(refreshToken)
    outcomes[redemption.outcome]++
    return redemption
  }

  const describe = (issued: IssuedTokens): TokenResponse => tokenResponse(issued, { ...options, issuer: origin, now })

  /** A sign-in always gives a refresh token; only refreshes leave it out. */
  const welcome = (issued: IssuedTokens): TokenResponse =>
    tokenResponse(issued, { ...options, omitRefreshToken: false, issuer: origin, now })

  return {
    answer(exchange) {
      const { kind, url, accessToken = '' } = exchange
      if (kind === 'token') return answerTokenRequest(exchange, redeem, describe)
      if (kind === 'api') return answerApiRequest(exchange, ledger.check(accessToken), ledger.identityOf(accessToken))
      if (kind === 'foreign') return answerApiRequest(exchange, 'unknown')
      const { pathname, searchParams } = new URL(url)
      if (pathname !== '/cookie/sign-in') return new Response(null, { status: 404 })
      const issued = ledger.start(searchParams.get('identity') ?? 'alice')
      return cookieAnswer(issued, welcome(issued))
    },
    signIn(identity) {
      const response = welcome(ledger.start(identity))
      return { response, tokens: parseTokenResponse(response) }
    },
    ledger,
    outcomes,
  }
}
