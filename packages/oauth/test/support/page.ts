import { createSession, indexedDbStorage, type Session } from '@reauth/core'

import { createOAuth, type OAuth } from '../../src/create-oauth.ts'
import { createDpop, type Dpop } from '../../src/dpop.ts'
import type { PageConfig } from './page-config.ts'

/** What the page of these tests has, as globals. */
export interface OAuthPage {
  readonly oauth: OAuth
  readonly session: Session
  readonly dpop: Dpop
  /** What the callback brought, as a test may look at it. */
  readonly entered: Promise<'nothing' | 'signed in' | { readonly reason: string }>
  /** Asks the issuer who the user is; the status where it does not say. */
  whoAmI(): Promise<unknown>
}

const { issuer, clientId, isBound } = (globalThis as unknown as { pageConfig: PageConfig }).pageConfig
const dpop = createDpop()
const oauth = createOAuth({
  issuer,
  clientId,
  redirectUri: `${location.origin}/`,
  allowInsecureRequests: true,
  ...(isBound && { dpop }),
})
const exchange = oauth.exchange({ subjectToken: 'for-alice', scope: 'openid' })
const session = createSession({
  refresh: [oauth.refresh, exchange],
  storage: indexedDbStorage(),
  origins: [issuer],
  issuer,
})

async function enter(): Promise<'nothing' | 'signed in' | { reason: string }> {
  try {
    // Twice at once, as effects run that are mounted twice.
    const [signedIn, again] = await Promise.all([oauth.handleCallback(), oauth.handleCallback()])
    if (signedIn !== again) throw new Error('Two answers')
    if (signedIn === undefined) return 'nothing'
    await session.signIn(signedIn.tokens)
    return 'signed in'
  } catch (error) {
    return { reason: String((error as { reason?: string }).reason ?? error) }
  }
}

/** As an adapter does it, with the one repeat that a nonce costs. */
async function whoAmI(): Promise<unknown> {
  const credential = await session.acquire()
  const request = new Request(`${issuer}/me`)
  const first = await fetch(await dpop.attach(request, credential))
  const isAsked = first.status === 401 && first.headers.has('dpop-nonce')
  const response = isAsked ? await fetch(await dpop.attach(request, credential, first)) : first
  return response.ok ? response.json() : response.status
}

const page: OAuthPage = { oauth, session, dpop, entered: enter(), whoAmI }
Object.assign(globalThis, page)
