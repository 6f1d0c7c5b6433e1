import { describe, expect, it } from 'vitest'

import { parseChallenges } from '../src/challenges.ts'

/** Returns the least CPU time of several readings of a header, in ms. */
function costOf(text: string): number {
  const response = { headers: { get: () => text } }
  const costs = Array.from({ length: 7 }, () => {
    const { user, system } = process.cpuUsage()
    parseChallenges(response)
    const spent = process.cpuUsage({ user, system })
    return spent.user + spent.system
  })
  return Math.min(...costs)
}

// A quadratic pattern costs 64 times as much for 8 times the text, a linear one 8 times.
const small = 8000
const growth = 8
const hostile: [string, (length: number) => string][] = [
  ['blanks after a scheme', (length) => `Bearer${' '.repeat(length)}"`],
  ['blanks between words', (length) => `a b${' '.repeat(length)}c`],
  ['blanks before no equals sign', (length) => `a x=1${' '.repeat(length)}!`],
  ['many schemes', (length) => 'a '.repeat(length / 2)],
  ['many parameters', (length) => `a ${'b=c,'.repeat(length / 4)}`],
  ['one long word', (length) => `a ${'b'.repeat(length)}"`],
  ['one long token68', (length) => `a ${'b='.repeat(length / 2)}"`],
  ['padding without end', (length) => `a b${'='.repeat(length)}"`],
  ['quotes that open', (length) => `a ${'b="'.repeat(length / 3)}`],
  ['backslashes in a quote', (length) => `a b="${'\\'.repeat(length)}`],
  ['one long quote', (length) => `a b="${'c'.repeat(length)}`],
  ['commas', (length) => ','.repeat(length)],
  ['what is no token', (length) => 'é'.repeat(length)],
]

describe('the time of parseChallenges', () => {
  it.each(hostile)('grows with the length and not with its square: %s', (_, header) => {
    const floor = 200
    const ratio = costOf(header(small * growth)) / Math.max(floor, costOf(header(small)))
    expect(ratio).toBeLessThan(growth * 4)
  })

  it.each(hostile)('never throws for a header of a megabyte: %s', (_, header) => {
    expect(() => parseChallenges({ headers: { get: () => header(1_000_000) } })).not.toThrow()
  })
})
