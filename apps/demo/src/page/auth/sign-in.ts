import { replace } from '../place.ts'
import { createStore, type Store } from '../store.ts'
import { askBroker, brokerSignIn, signOutAtBroker } from './broker.ts'
import { oauth } from './oauth.ts'
import { session } from './session.ts'
import { way } from './way.ts'

/** How far a sign-in has come. */
export type SignInProgress = { status: 'idle' } | { status: 'under-way' } | { status: 'failed'; message: string }

const idle: SignInProgress = { status: 'idle' }
const underWay: SignInProgress = { status: 'under-way' }

/** Whether the page has something to find out: what the issuer answered, or whom the broker knows. */
const isAwaited = way === 'broker' || new URL(location.href).searchParams.has('state')

/** Under way from the first paint where there is something to do, so that "Signed out" does not flash up. */
export const signInProgress: Store<SignInProgress> = createStore<SignInProgress>(isAwaited ? underWay : idle)

let opened: Promise<void> | undefined

/** Takes in the issuer's answer, if the page was opened with one. A second call joins the first. */
export function open(): Promise<void> {
  // no await between the look and the assignment: that is what makes this a single flight
  opened ??= isAwaited ? reporting(way === 'broker' ? enterAtBroker : enter) : Promise.resolve()
  return opened
}

/** Sends the user to the issuer. After a sign-out it asks who it is; an expired session belongs to somebody. */
export async function signIn(): Promise<void> {
  if (signInProgress.get().status === 'under-way') return
  const prompt = session.state.status === 'expired' ? 'consent' : 'login consent'
  await reporting(async () => {
    const returnTo = location.pathname + location.search + location.hash
    if (way === 'broker') location.assign(brokerSignIn(returnTo))
    else await oauth.authorize({ prompt, returnTo })
    // the page ends here, unless it comes out of the back/forward cache
    await new Promise<void>((resolve) => {
      addEventListener('pageshow', () => resolve(), { once: true })
    })
  })
}

/** Signs out at once, then tells the issuer, which is a courtesy: the session does not wait for it. */
export async function signOut(): Promise<void> {
  if (way === 'broker') {
    void session.signOut()
    return signOutAtBroker()
  }
  const held = session.tokens()
  void session.signOut()
  await oauth.revoke(await held)
}

async function enter(): Promise<void> {
  const signedIn = await oauth.handleCallback()
  if (signedIn === undefined) return
  await session.signIn(signedIn.tokens)
  if (signedIn.returnTo !== undefined) replace(signedIn.returnTo)
}

async function enterAtBroker(): Promise<void> {
  const tokens = await askBroker()
  if (tokens !== undefined) await session.signIn(tokens)
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
