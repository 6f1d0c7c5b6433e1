import { parseTokenResponse, type Refresh, type TokenSet } from '@reauth/core'
import { refreshEndpoint } from '@reauth/fetch'

import { type BrokerAnswer, type BrokerRequest, parameters, paths } from '../../contract.ts'
import { inspected } from '../activity/via.ts'

/** Has the broker renew what it holds; it tells the page an access token and nothing else. */
export const refreshAtBroker: Refresh = refreshEndpoint(new URL(paths.brokerSession, location.href), {
  fetch: inspected('session'),
  body: ({ accessToken }) => (accessToken === undefined ? {} : ({ refused: accessToken } satisfies BrokerRequest)),
  parse: tokensOf,
})

/** Asks whether somebody is signed in at the broker. */
export async function askBroker(): Promise<TokenSet | undefined> {
  const response = await inspected('session')(paths.brokerSession, { method: 'POST' })
  if (response.status === 401) return undefined
  if (!response.ok) throw new Error(`The broker answered ${response.status}: try again in a moment`)
  return tokensOf(await response.json())
}

/** Where the broker signs in, and comes back from. */
export function brokerSignIn(returnTo: string): string {
  return `${paths.brokerSignIn}?${new URLSearchParams({ [parameters.returnTo]: returnTo })}`
}

/** Has the broker forget who was signed in. */
export async function signOutAtBroker(): Promise<void> {
  await inspected('session')(paths.brokerSignOut, { method: 'POST' })
}

function tokensOf(json: unknown): TokenSet {
  return { ...parseTokenResponse(json), identity: (json as BrokerAnswer).identity }
}
