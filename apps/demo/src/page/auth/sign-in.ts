import * as oauth from 'oauth4webapi'

import { createStore, type Store } from '../store.ts'
import { callback } from './callback.ts'
import { exchangeCode, redirectUri } from './exchange-code.ts'
import { client, clientAuth, discover, overLoopback } from './issuer-client.ts'
import { savePending } from './pending-sign-in.ts'
import { markResume, takeResumeMark } from './resume-mark.ts'
import { session } from './session.ts'

/** How far a sign-in has come. */
export type SignInProgress = { status: 'idle' } | { status: 'under-way' } | { status: 'failed'; message: string }

const idle: SignInProgress = { status: 'idle' }
const underWay: SignInProgress = { status: 'under-way' }

/** What this page was opened for. The mark is taken here, once: a failed attempt must not lead to the next. */
const opening = callback ?? (takeResumeMark() ? 'resume' : undefined)

/** Under way from the first paint where there is something to do, so that "Signed out" does not flash up. */
export const signInProgress: Store<SignInProgress> = createStore<SignInProgress>(
  opening === undefined ? idle : underWay,
)

let opened: Promise<void> | undefined

/**
 * Takes in the issuer's answer, or goes there if this tab was signed in before a reload. A page load brings one answer,
 * with one `state`: a second call joins the first, so that the code is exchanged once.
 */
export function open(): Promise<void> {
  // no await between the look and the assignment: that is what makes this a single flight
  opened ??= opening === undefined ? Promise.resolve() : reporting(() => enter(opening))
  return opened
}

/** Sends the user to the issuer. `offline_access` is granted with `prompt=consent` only; the issuer here consents by itself. */
export async function signIn(): Promise<void> {
  if (signInProgress.get().status === 'under-way') return
  // after a sign-out the issuer asks who it is; an expired session belongs to somebody
  await reporting(() => leave(session.state.status === 'expired' ? 'consent' : 'login consent'))
}

/** Signs out at once, then tells the issuer, which is a courtesy: the session does not wait for it. */
export async function signOut(): Promise<void> {
  const held = session.tokens()
  void session.signOut()
  takeResumeMark()
  const { refreshToken } = (await held) ?? {}
  if (refreshToken === undefined) return
  const response = await oauth.revocationRequest(await discover(), client, clientAuth, refreshToken, overLoopback)
  await response.text()
}

async function enter(from: URL | 'resume'): Promise<void> {
  if (from === 'resume') return leave('consent')
  await session.signIn(await exchangeCode(from))
  markResume()
}

async function leave(prompt: string): Promise<void> {
  const { authorization_endpoint: endpoint } = await discover()
  if (endpoint === undefined) throw new Error('The issuer names no authorization endpoint.')
  const [state, nonce, verifier] = [
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
    oauth.generateRandomCodeVerifier(),
  ]
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  savePending(state, { verifier, nonce })
  const url = new URL(endpoint)
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid offline_access',
    prompt,
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString()
  location.assign(url)
  // the page ends here, unless it comes out of the back/forward cache
  await new Promise<void>((resolve) => {
    addEventListener('pageshow', () => resolve(), { once: true })
  })
}

async function reporting(task: () => Promise<void>): Promise<void> {
  signInProgress.set(underWay)
  try {
    await task()
    signInProgress.set(idle)
  } catch (error) {
    signInProgress.set({ status: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}
