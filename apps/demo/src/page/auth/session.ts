import { createSession, indexedDbStorage, type Session, type SessionState } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { kyAuth } from '@reauth/fetch/ky'
import ky, { type KyInstance } from 'ky'
import { useSyncExternalStore } from 'react'

import { record } from '../activity/trace-log.ts'
import { inspected, via } from '../activity/via.ts'
import { facts, originOf } from '../facts.ts'
import { refreshAtBroker } from './broker.ts'
import { oauth } from './oauth.ts'
import { way } from './way.ts'

/** How long before its end a token counts as stale. reauth takes a third of the lifetime where that is less. */
export const leewayMs = 30_000

/** The one session of this page. A module is evaluated once, however often effects run. */
export const session: Session = createSession({
  ...(way === 'broker'
    ? { name: 'demo-broker', refresh: { refresh: refreshAtBroker, spends: false } }
    : { name: 'demo', refresh: oauth.refresh, storage: indexedDbStorage() }),
  issuer: facts.issuer,
  origins: [location.origin, originOf('live'), originOf('llm'), originOf('media')],
  leewayMs,
  trace: record,
})

/** The same for those who use ky: a 403 is an error there, as ky has it. */
export const kyApi: KyInstance = ky.create({ fetch: inspected('fetch') }).extend(kyAuth(via('fetch', session)))

/** `fetch` that stays signed in. */
export const api: typeof fetch = createFetch(via('fetch', session), { fetch: inspected('fetch') })

const subscribe = (listener: () => void): (() => void) => session.subscribe(listener)
const snapshot = (): SessionState => session.state

/** Follows the session's state. */
export function useSessionState(): SessionState {
  return useSyncExternalStore(subscribe, snapshot)
}
