import { createStore, type Store } from '../store.ts'
import { record } from './trace-log.ts'

/** Whether made-up events come in. */
export const isLoading: Store<boolean> = createStore(false)

const perSecond = 1000
const everyMs = 20

/** Makes up a thousand events a second while the switch is on. Returns how to stop. */
export function runLoad(): () => void {
  const timer = setInterval(() => {
    if (!isLoading.get()) return
    for (let index = 0; index < (perSecond * everyMs) / 1000; index++) {
      record({ type: 'replay', level: 'debug', at: Date.now(), session: 'made up', reason: 'load' }, 'fetch')
    }
  }, everyMs)
  return () => clearInterval(timer)
}
