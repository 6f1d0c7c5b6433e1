import type { TraceEntry } from '@reauth/core'

/** What each entry means, for somebody who reads it for the first time. */
export const wording: Readonly<Record<TraceEntry['type'], string>> = {
  'signed-in': 'took the tokens of a sign-in',
  'signed-out': 'forgot the tokens',
  refused: 'a server refused the token',
  'refresh-start': 'asks the issuer for new tokens',
  refreshed: 'has new tokens',
  'refresh-failed': 'got no new tokens',
  replay: 'sends the refused call again',
  expiring: 'has a token that ends soon',
  'persist-failed': 'could not store what it holds',
  expired: 'cannot go on without a sign-in',
  'lock-wait': 'waits for its turn',
  adopted: 'took over what another tab got',
  takeover: 'goes on where another tab stopped',
  reconnect: 'connects anew',
  warning: 'warns',
}
