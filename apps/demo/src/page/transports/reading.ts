import { createStore, type Store } from '../store.ts'

/** How a connection is doing, as its user sees it. */
export interface Reading {
  readonly state: 'idle' | 'connecting' | 'open' | 'waiting' | 'dead' | 'done'
  /** Why, in a few words. */
  readonly detail: string
  /** How many came. */
  readonly count: number
  /** The number of the newest. */
  readonly last: number | undefined
  /** How many did not come, and how many came twice. */
  readonly lost: number
  readonly doubled: number
  /** How often it connected. */
  readonly connections: number
}

/** Takes note of what a connection does. */
export interface Meter {
  readonly reading: Store<Reading>
  readonly set: (state: Reading['state'], detail?: string) => void
  readonly opened: () => void
  /** Takes a numbered message, and finds gaps and repetitions. */
  readonly took: (number: number) => void
  readonly reset: () => void
}

const blank: Reading = { state: 'idle', detail: '', count: 0, last: undefined, lost: 0, doubled: 0, connections: 0 }

/** Creates a meter that has seen nothing. */
export function createMeter(): Meter {
  const reading = createStore(blank)
  const change = (part: Partial<Reading>): void => reading.set({ ...reading.get(), ...part })
  return {
    reading,
    set: (state, detail = '') => change({ state, detail }),
    opened: () => change({ state: 'open', detail: '', connections: reading.get().connections + 1 }),
    took(number) {
      const { count, last, lost, doubled } = reading.get()
      if (last !== undefined && number <= last) return change({ count: count + 1, doubled: doubled + 1 })
      const gap = last === undefined ? 0 : number - last - 1
      change({ count: count + 1, last: number, lost: lost + gap })
    },
    reset: () => reading.set(blank),
  }
}
