import type { SessionState } from '@reauth/core'
import type { JSX } from 'react'

import { useSessionState } from '../auth/session.ts'
import { signIn, type SignInProgress, signInProgress, signOut } from '../auth/sign-in.ts'
import { way } from '../auth/way.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { LifeBar } from './life-bar.tsx'
import { SessionFacts } from './session-facts.tsx'

/** The session at a glance: is somebody signed in, for how long, and what to do about it. */
export function SessionCard(): JSX.Element {
  const state = useSessionState()
  const progress = useStore(signInProgress)
  const isSignedIn = state.status === 'active'
  const isUnderWay = progress.status === 'under-way'
  return (
    <Card title="Session" area="session">
      <div className="glance" data-status={isUnderWay ? 'loading' : state.status}>
        <p className="status" role="status">
          {isUnderWay ? (way === 'broker' ? 'Asking the broker…' : 'Signing in…') : headline(state)}
        </p>
        <div className="glance-actions">
          {/* one element for both, so that focus stays on it */}
          <button
            type="button"
            className={isSignedIn ? 'button' : 'button primary'}
            aria-disabled={isUnderWay}
            onClick={() => void (isSignedIn ? signOut() : signIn())}
          >
            {isSignedIn ? 'Sign out' : state.status === 'expired' ? 'Sign in again' : 'Sign in'}
          </button>
          {state.status === 'expired' && (
            <button type="button" className="button" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </div>
        <Reason state={state} progress={progress} />
      </div>
      <LifeBar />
      <SessionFacts state={state} />
    </Card>
  )
}

function headline(state: SessionState): string {
  switch (state.status) {
    case 'loading':
      return 'Loading…'
    case 'signed-out':
      return 'Signed out'
    case 'active':
      return 'Signed in'
    case 'expired':
      return 'Session expired'
    default:
      return state satisfies never
  }
}

/** Why the user is asked to sign in. */
function Reason({ state, progress }: { state: SessionState; progress: SignInProgress }): JSX.Element | null {
  if (progress.status === 'failed') return <p role="alert">The sign-in failed. {progress.message}</p>
  if (state.status !== 'expired') return null
  const { message, cause } = state.error
  return (
    <p role="alert">
      {message}.{cause instanceof Error && <small> {cause.message}.</small>}
    </p>
  )
}
