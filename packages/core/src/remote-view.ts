import type { Disposer } from './disposer.ts'
import { createEmitter } from './emitter.ts'
import { type AuthenticationError, authenticationError } from './errors.ts'
import type { SessionState } from './session-state.ts'

/** What a far end shows of a session. */
export interface RemoteView {
  readonly state: SessionState
  readonly signal: AbortSignal
  subscribe(listener: () => void): Disposer
  /** Takes the next state; `ended` says why an active period ended on the way to it. */
  move(next: SessionState, ended?: AuthenticationError): void
  clear(): void
}

/** `moved` is called before the listeners are. */
export function createView(
  moved: (before: SessionState, after: SessionState, end: AuthenticationError | undefined) => void,
): RemoteView {
  const changes = createEmitter<[]>()
  let state: SessionState = { status: 'loading' }
  let period: AbortController | undefined

  return {
    get state() {
      return state
    },
    get signal() {
      if (period === undefined) {
        period = new AbortController()
        if (state.status !== 'active') period.abort(endOf(state) ?? authenticationError('signed-out'))
      }
      return period.signal
    },
    subscribe: (listener) => changes.add(listener),
    move(next, ended) {
      const before = state
      const isSame = JSON.stringify(before) === JSON.stringify(next)
      // One error for the state and for the signal, where both tell the same end.
      const end = next.status === 'expired' && !isSame ? next.error : (ended ?? (isSame ? undefined : endOf(next)))
      const over = period
      if (end !== undefined || over?.signal.aborted === true) period = undefined
      if (!isSame) state = next
      if (end !== undefined) over?.abort(end)
      moved(before, state, end)
      if (!isSame) changes.emit()
    },
    clear() {
      changes.clear()
    },
  }
}

/** Returns why there is nothing to be had in a state. */
function endOf(state: SessionState): AuthenticationError | undefined {
  if (state.status === 'signed-out') return authenticationError('signed-out')
  return state.status === 'expired' ? state.error : undefined
}
