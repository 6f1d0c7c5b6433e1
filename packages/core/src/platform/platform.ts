/**
 * What core takes from the machine it runs on. The default is found on `globalThis`, at the time of each call, so that
 * fake timers work; a test gives its own.
 */
export interface Platform {
  /** The time in epoch ms. */
  now(): number
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(id: unknown): void
  /** A number in [0, 1), for jitter. */
  random(): number
}

export const defaultPlatform: Platform = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (id) => {
    clearTimeout(id as number)
  },
  random: () => Math.random(),
}
