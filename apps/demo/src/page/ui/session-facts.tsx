import type { SessionState } from '@reauth/core'
import type { JSX } from 'react'

/** Everything the session's state says. There is no token in it. */
export function SessionFacts({ state }: { state: SessionState }): JSX.Element {
  return (
    <dl className="facts">
      {Object.entries(factsOf(state)).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-fact={name}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function factsOf(state: SessionState): Record<string, string> {
  const none = '–'
  if (state.status === 'loading' || state.status === 'signed-out') {
    return { status: state.status, epoch: none, version: none, identity: none, expires: none }
  }
  const { status, epoch, version, identity = none } = state
  const expiresAt = state.status === 'active' ? state.expiresAt : undefined
  return {
    status,
    epoch: String(epoch),
    version: String(version),
    // issuer and subject; the issuer stands at the foot of the page
    identity: identity.slice(identity.indexOf('#') + 1),
    expires: expiresAt === undefined ? none : new Date(expiresAt).toLocaleTimeString('en-GB'),
  }
}
