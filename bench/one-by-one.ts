import { setImmediate } from 'node:timers/promises'

import type { Contender } from './measure.ts'

/**
 * Makes calls one after the other. Now and then the event loop comes round, as it does for real requests: what is held
 * weakly is not let go of before.
 */
export function oneByOne(calls: number, call: () => Promise<unknown>): Contender['run'] {
  return async () => {
    for (let made = 1; made <= calls; made++) {
      await call()
      if (made % 100 === 0) await setImmediate()
    }
    return undefined
  }
}
