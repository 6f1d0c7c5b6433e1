import type { Counters } from '../../contract.ts'
import { createStore, type Store } from '../store.ts'

/** What the servers saw; undefined until they said so. */
export const serverCounters: Store<Counters | undefined> = createStore<Counters | undefined>(undefined)

/** Follows the servers' counters. Returns how to stop. */
export function followCounters(): () => void {
  const source = new EventSource('/admin/counters')
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    serverCounters.set(JSON.parse(data) as Counters)
  })
  return () => source.close()
}
