import type { Platform } from '@reauth/core'

/** A machine whose time stands still until a test moves it, and which fires no timer. */
export interface StillPlatform extends Platform {
  pass(ms: number): void
}

export function stillPlatform(): StillPlatform {
  let nowMs = Date.UTC(2030, 0, 1)
  return {
    now: () => nowMs,
    setTimeout: () => 0,
    clearTimeout() {},
    random: () => 0,
    pass(ms) {
      nowMs += ms
    },
  }
}
