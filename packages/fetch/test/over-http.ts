import { createHarness } from '@reauth/testkit'
import { serve } from '@reauth/testkit/node'
import { test as base } from 'vitest'

import { createWorld, type World } from './world.ts'

/** A world behind a server on the loopback interface, with a stranger beside it. */
export interface WorldOverHttp extends World {
  /** An origin that is not the issuer's. */
  readonly strangerOrigin: string
}

/** `it` with such a world for each test, which has to be in order when the test ends. */
export const it = base.extend<{ world: WorldOverHttp }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  world: async ({}, use) => {
    const harness = createHarness()
    await using served = await serve(harness.issuer)
    await using stranger = await serve(harness.issuer, { as: 'https://stranger.test' })
    const world = createWorld(served.origin, harness)
    await use(Object.assign(world, { strangerOrigin: stranger.origin }))
    await world.end()
  },
})
