import { createOAuth, type OAuth } from '@reauth/oauth'

import { record } from '../activity/trace-log.ts'
import { inspected } from '../activity/via.ts'
import { facts } from '../facts.ts'

/** The issuer, and this page there: a public client, which has no secret. */
export const oauth: OAuth = createOAuth({
  issuer: facts.issuer,
  clientId: facts.clientId,
  redirectUri: `${location.origin}/`,
  // Everything of the demo is on loopback, over plain http. Never set this anywhere else.
  allowInsecureRequests: true,
  fetch: inspected('session'),
  trace: record,
})
