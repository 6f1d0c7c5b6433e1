import { settle } from '@reauth/testkit'
import { expect, it } from 'vitest'

import { createWorld, lifetimeMs } from './support/world.ts'

const cap = 5
const lives = 200

it('survives two devices under a cap of five tokens, for 200 token lives, with no refresh too many', async () => {
  const world = createWorld({ cap })
  const element = await world.playing()
  element.loop = true
  let pushedOut = 0
  for (let life = 0; life < lives; life++) {
    // The other device takes none, some, or all of the places, each life at another time.
    for (let step = 0; step < 6; step++) {
      if (step === life % 6) for (let token = 0; token < life % 7; token++) world.signInElsewhere()
      await world.clock.advance(lifetimeMs / 6)
      if (!world.isTaken) pushedOut++
      if (element.currentTime > 60) element.currentTime = 0
      await element.advance(5)
      await element.cut()
      await settle()
      expect(element).toMatchObject({ error: null, paused: false, readyState: 4 })
    }
  }
  expect(world.givenUp).toEqual([])
  expect(pushedOut).toBeGreaterThan(lives / 8)
  expect(world.needlessRefreshes).toBe(0)
  // Each life that nobody cuts short lasts for two thirds of it at least.
  expect(world.refreshes).toBeLessThanOrEqual(pushedOut + lives * 1.5)
  console.log(pushedOut, world.refreshes)
})
