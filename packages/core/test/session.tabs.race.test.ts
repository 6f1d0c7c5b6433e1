import fc, { type Arbitrary, type Scheduler } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'

import type { TabsOutcome } from './support/fake-tabs/tabs-issuer.ts'
import { createTabsWorld, type TabsWorld, type TabStep } from './support/fake-tabs/tabs-world.ts'
import { raceRuns, replay } from './support/race-runs.ts'

const outcome: Arbitrary<TabsOutcome> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<TabsOutcome>('ok') },
  { weight: 6, arbitrary: fc.constantFrom('lean', 'unavailable', 'busy', 'lost', 'dropped', 'hangs') },
  { weight: 1, arbitrary: fc.constantFrom('rejected', 'stranger') },
)

const back = fc.nat(3)
const calling: Arbitrary<TabStep> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<TabStep>({ do: 'acquire' }, { do: 'request' }, { do: 'early' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('refuse', 'refuse', 'final'), back }) },
  { weight: 2, arbitrary: fc.constantFrom<TabStep>({ do: 'refresh' }, { do: 'hold' }, { do: 'revoke' }) },
)
const moving: Arbitrary<TabStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('signIn'), identity: fc.constantFrom('alice', 'bob') }) },
  { weight: 2, arbitrary: fc.constant<TabStep>({ do: 'signOut' }) },
  { weight: 1, arbitrary: fc.constant<TabStep>({ do: 'expire' }) },
)
const stopping: Arbitrary<TabStep> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<TabStep>({ do: 'crash' }) },
  { weight: 2, arbitrary: fc.constant<TabStep>({ do: 'thaw' }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pause'), how: fc.constantFrom('freeze', 'pagehide', 'stall') }),
  },
)
const failing: Arbitrary<TabStep> = fc.record({ do: fc.constant('fail'), mishap: fc.constantFrom('throws', 'hangs') })

// Past a cooldown, into the leeway, over the lapse, past a Retry-After, to the timeout and over the hard cap.
const tick = fc.record({ after: fc.nat(12), ms: fc.constantFrom(100, 1500, 30_000, 91_000, 121_000, 275_000, 300_000) })

interface Run {
  readonly scheduler: Scheduler
  readonly outcomes: TabsOutcome[]
  readonly callers: { readonly place: number; readonly steps: TabStep[] }[]
  readonly ticks: { readonly after: number; readonly ms: number }[]
  readonly tabs: number
  readonly isSwapping: boolean
  readonly isStrict: boolean
}

function runOf(steps: Arbitrary<TabStep>): Arbitrary<Run> {
  const caller = fc.record({ place: fc.nat(2), steps: fc.array(steps, { minLength: 1, maxLength: 6, size: 'max' }) })
  return fc.record({
    scheduler: fc.scheduler(),
    outcomes: fc.array(outcome, { minLength: 2, maxLength: 10, size: 'max' }),
    callers: fc.array(caller, { minLength: 2, maxLength: 5, size: 'max' }),
    ticks: fc.array(tick, { minLength: 2, maxLength: 8, size: 'max' }),
    tabs: fc.integer({ min: 2, max: 3 }),
    isSwapping: fc.boolean(),
    isStrict: fc.boolean(),
  })
}

/** Lets one thing after the other happen, in the order that the scheduler picks, until a promise settles (I7). */
async function through(scheduler: Scheduler, world: TabsWorld, all: Promise<unknown>, what: string): Promise<void> {
  const settled = vi.fn<() => void>()
  all.then(settled, settled)
  // A request that hangs ends at the hard cap; each caller may meet a few of them.
  for (let round = 0; round < 60; round++) {
    await scheduler.waitIdle()
    if (settled.mock.calls.length > 0) break
    world.thaw()
    await world.advance(settled.mock.calls.length > 0 ? 0 : 31_000)
  }
  expect(settled, `I7: ${what}`).toHaveBeenCalledOnce()
  await all
}

async function play({ scheduler, callers, ticks, ...options }: Run): Promise<void> {
  const world = createTabsWorld({ scheduler, ...options })
  await through(scheduler, world, world.take(0, { do: 'signIn', identity: 'alice' }), 'the first sign-in')
  const all = Promise.all(
    callers.map(async ({ place, steps }) => {
      for (const step of steps) {
        await scheduler.schedule(Promise.resolve(), `${place}: ${JSON.stringify(step)}`)
        await world.take(place, step)
      }
    }),
  )
  all.catch(() => {})
  for (const { after, ms } of ticks) {
    for (let count = 0; count < after && scheduler.count() > 0; count++) await scheduler.waitOne()
    await world.advance(ms)
  }
  await through(scheduler, world, all, 'everybody got an answer')
  await world.end()
}

describe(`tabs in any interleaving (${raceRuns} runs)`, { timeout: 10_000 + raceRuns * 120 }, () => {
  const settings = { numRuns: Math.ceil(raceRuns / 4), ...replay }

  it('keep the invariants while many call', async () => {
    await fc.assert(fc.asyncProperty(runOf(calling), play), settings)
  })

  it('keep them over sign-ins and sign-outs', async () => {
    const steps = fc.oneof({ weight: 4, arbitrary: calling }, { weight: 2, arbitrary: moving })
    await fc.assert(fc.asyncProperty(runOf(steps), play), settings)
  })

  it('keep them over freezes and crashes', async () => {
    const steps = fc.oneof(
      { weight: 6, arbitrary: calling },
      { weight: 1, arbitrary: moving },
      { weight: 3, arbitrary: stopping },
    )
    await fc.assert(fc.asyncProperty(runOf(steps), play), settings)
  })

  it('keep them where the storage fails', async () => {
    const steps = fc.oneof(
      { weight: 6, arbitrary: calling },
      { weight: 2, arbitrary: moving },
      { weight: 1, arbitrary: stopping },
      { weight: 2, arbitrary: failing },
    )
    await fc.assert(fc.asyncProperty(runOf(steps), play), settings)
  })
})
