import { createStore, type Store } from '../store.ts'

/** How many tabs of this page are open, this one among them. */
export const openTabs: Store<number> = createStore(1)

const name = 'demo.tab'

/** Holds a lock that all tabs share, and counts its holders every second. Returns how to stop. */
export function countTabs(): () => void {
  const tab = new AbortController()
  const closed = new Promise<void>((resolve) => {
    tab.signal.addEventListener('abort', () => resolve())
  })
  void navigator.locks.request(name, { mode: 'shared' }, () => closed)
  const count = async (): Promise<void> => {
    const { held = [] } = await navigator.locks.query()
    openTabs.set(Math.max(1, held.filter((lock) => lock.name === name).length))
  }
  const timer = setInterval(() => void count(), 1000)
  return () => {
    clearInterval(timer)
    tab.abort()
  }
}
