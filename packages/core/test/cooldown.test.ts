import { describe, expect, it } from 'vitest'

import { cooldownMs } from '../src/cooldown.ts'

describe('cooldownMs', () => {
  it('is a second, and doubles to a minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 5000].map((attempts) => cooldownMs(attempts, 0) / 1000)
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('is never shorter for its jitter, and a quarter longer at the most', () => {
    for (const attempts of [1, 4, 50]) {
      const least = cooldownMs(attempts, 0)
      expect(cooldownMs(attempts, 0.5)).toBeGreaterThan(least)
      expect(cooldownMs(attempts, 0.999_999)).toBeLessThan(least * 1.25)
    }
  })
})
