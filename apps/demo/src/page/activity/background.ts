import { session } from '../auth/session.ts'
import { createStore, type Store } from '../store.ts'
import { call, callBare } from './calls.ts'

/** Whether the page calls its API by itself. */
export const isBackgroundOn: Store<boolean> = createStore(true)

/** Calls the API every second while the switch is on and somebody is signed in. Returns how to stop. */
export function runInBackground(): () => void {
  const timer = setInterval(() => {
    if (isBackgroundOn.get() && session.state.status === 'active') {
      void call('/api/work')
      callBare().catch(() => {})
    }
  }, 1000)
  return () => clearInterval(timer)
}
