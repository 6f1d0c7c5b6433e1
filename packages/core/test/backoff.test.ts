import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { backoff } from '../src/backoff.ts'

const longest = (): number => 0.999_999

describe('backoff', () => {
  it('waits a quarter of a second at least, and up to twice as long for each attempt before', () => {
    const waits = [0, 1, 2, 3].map((attempt) => Math.round(backoff(attempt, { random: longest })))
    expect(waits).toEqual([500, 1000, 2000, 4000])
    expect([0, 1, 2, 3].map((attempt) => backoff(attempt, { random: () => 0 }))).toEqual([250, 250, 250, 250])
  })

  it('waits half a minute at the most, however many attempts there were', () => {
    for (const attempt of [7, 100, 1e9]) expect(Math.round(backoff(attempt, { random: longest }))).toBe(30_000)
  })

  it('stays within what it is given', () => {
    const options = fc.record({
      minMs: fc.nat(10_000),
      moreMs: fc.nat(100_000),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.nat(50), options, (attempt, { minMs, moreMs, random }) => {
        const waitMs = backoff(attempt, { minMs, maxMs: minMs + moreMs, random: () => random })
        expect(waitMs).toBeGreaterThanOrEqual(minMs)
        expect(waitMs).toBeLessThanOrEqual(minMs + moreMs)
      }),
    )
  })

  it('does not send everybody back at the same time', () => {
    expect(new Set(Array.from({ length: 100 }, () => backoff(5))).size).toBeGreaterThan(90)
  })
})
