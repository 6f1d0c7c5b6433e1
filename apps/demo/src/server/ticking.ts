import { setTimeout as sleep } from 'node:timers/promises'

import { parameters, type Tick } from '../contract.ts'
import { wholeNumber } from './read-json.ts'

interface TickingOptions {
  /** When tick 0 fell due, in epoch ms. */
  readonly startedAt: number
  readonly everyMs: number
  /** The last one that is not wanted. @default the one before the newest */
  readonly after?: number | undefined
  readonly signal: AbortSignal
}

/** Gives every tick once, those that fell due meanwhile at once. A tick is a point in time: nobody has to keep it. */
export async function* ticking({ startedAt, everyMs, after, signal }: TickingOptions): AsyncGenerator<Tick> {
  const newest = Math.floor((Date.now() - startedAt) / everyMs)
  for (let number = (after ?? newest - 1) + 1; !signal.aborted; number++) {
    const at = startedAt + number * everyMs
    const waitMs = at - Date.now()
    // oxlint-disable-next-line no-await-in-loop
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {})
    if (!signal.aborted) yield { number, at }
  }
}

/** Returns the ms between two ticks that an address asks for. */
export function everyMsOf({ searchParams }: URL): number {
  const given = searchParams.get(parameters.every)
  return wholeNumber({ every: given === null ? undefined : Number(given) }, 'every', [20, 60_000], 500)
}
