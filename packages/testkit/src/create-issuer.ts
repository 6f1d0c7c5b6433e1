import { createAuthority } from './authority.ts'
import type { Exchange, ExchangeKind } from './exchange.ts'
import { createFaultPlan } from './fault-plan.ts'
import type { ApiRequests, Issuer } from './issuer.ts'
import { completeOptions, type IssuerOptions } from './issuer-options.ts'
import { createIssuerRefresh } from './issuer-refresh.ts'
import { createNetwork } from './network.ts'
import { createPresentations, verdictOf } from './presentations.ts'
import { isTokenPath } from './token-endpoint.ts'
import { whileAlive } from './while-alive.ts'

/** Returns an issuer that nobody has signed in at. */
export function createIssuer(options: IssuerOptions = {}): Issuer {
  const complete = completeOptions(options)
  const { origin, clock, rotate } = complete
  const { answer, signIn, ledger, outcomes } = createAuthority(complete)
  const presentations = createPresentations()
  const plans = { token: createFaultPlan(), api: createFaultPlan() }
  const leaks: string[] = []

  const network = createNetwork({
    clock,
    answer,
    faultFor: (exchange) =>
      exchange.kind in plans ? plans[exchange.kind as keyof typeof plans].take(exchange) : undefined,
    opened(exchange) {
      const leak = leakIn(exchange, (text) => ledger.isIn(text))
      if (leak !== undefined) leaks.push(leak)
      if (exchange.refreshToken !== undefined) presentations.begin(exchange.refreshToken)
    },
    async closed({ refreshToken }, response) {
      if (refreshToken === undefined) return
      presentations.end(refreshToken, response && (await verdictOf(response, rotate)))
    },
  })

  const fetch: Issuer['fetch'] = async (input, init) => {
    const request = new Request(input, init)
    return whileAlive([input, request], network.send(request, kindOf(request.url, origin)))
  }

  return {
    origin,
    fetch,
    api: (request) => whileAlive(request, network.send(request, 'api')),
    refresh: createIssuerRefresh({ fetch, url: `${origin}/token`, now: () => clock.now() }),
    faults: plans.token,
    apiFaults: plans.api,
    url: (path) => new URL(path, origin).href,
    signIn: ({ identity = 'alice' } = {}) => signIn(identity),
    check: (accessToken) => ledger.check(accessToken),
    revokeAccessToken: (accessToken) => {
      ledger.revokeAccessToken(accessToken)
    },
    revokeRefreshToken: (refreshToken) => {
      ledger.revokeRefreshToken(refreshToken)
    },
    revokeFamily: (refreshToken) => {
      ledger.revokeFamily(refreshToken)
    },
    isTokenIn: (text) => ledger.isIn(text),
    exchanges: network.exchanges,
    misuse: presentations.misuse,
    leaks,
    get tokenPosts() {
      return network.exchanges.filter(({ kind }) => kind === 'token').length
    },
    get refreshes() {
      return outcomes.refreshed
    },
    get graced() {
      return outcomes.graced
    },
    get rejected() {
      return outcomes.rejected
    },
    get reuseDetected() {
      return outcomes.reused
    },
    get familyRevoked() {
      return ledger.familiesRevoked
    },
    get apiRequests() {
      return countByAnswer(network.exchanges.filter(({ kind }) => kind === 'api'))
    },
  }
}

function kindOf(url: string, ownOrigin: string): ExchangeKind {
  const { origin, pathname } = new URL(url)
  if (origin !== ownOrigin) return 'foreign'
  if (isTokenPath(pathname)) return 'token'
  return pathname.startsWith('/api/') ? 'api' : 'other'
}

/** A token belongs into headers and bodies at its issuer's origin, and nowhere else (RFC 9700, section 4.3.2). */
function leakIn(
  { kind, method, url, headers, body }: Exchange,
  isTokenIn: (text: string) => boolean,
): string | undefined {
  const { origin, pathname } = new URL(url)
  const place = `${method} ${isTokenIn(pathname) ? origin : origin + pathname}`
  if (isTokenIn(url)) return `A token stood in the URL of ${place}`
  const rest = kind === 'foreign' ? JSON.stringify(headers) + new TextDecoder().decode(body) : ''
  return isTokenIn(rest) ? `A token went to ${place}` : undefined
}

function countByAnswer(exchanges: readonly Exchange[]): ApiRequests {
  const count = (fits: (answer: number) => boolean): number =>
    exchanges.filter(({ answer }) => typeof answer === 'number' && fits(answer)).length
  return {
    total: exchanges.length,
    ok: count((answer) => answer >= 200 && answer < 300),
    refused: count((answer) => answer === 401),
    denied: count((answer) => answer === 403),
  }
}
