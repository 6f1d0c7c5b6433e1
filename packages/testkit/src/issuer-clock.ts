import type { Platform } from '@reauth/core'

/** What an issuer reads the time from: a {@link Clock} that a test moves, or the machine's. */
export type IssuerClock = Pick<Platform, 'now' | 'setTimeout' | 'clearTimeout'>

/** The machine's own time. */
export const systemClock: IssuerClock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout(id) {
    clearTimeout(id as ReturnType<typeof setTimeout>)
  },
}
