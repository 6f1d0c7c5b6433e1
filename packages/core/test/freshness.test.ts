import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isFresh, isWorking } from '../src/freshness.ts'
import { type Active, initial, type Notes, transition } from '../src/session-state.ts'

const at = 1_000_000

function held(expiresInMs?: number, notes: Notes = {}): Active {
  const tokens = { accessToken: 'A', ...(expiresInMs !== undefined && { expiresInMs }) }
  const holding = transition(initial, { type: 'signed-in', tokens, identity: undefined, at })
  return { ...holding, notes } as Active
}

describe('isFresh', () => {
  it('holds until a margin before the lapse', () => {
    const hour = held(3_600_000)
    expect(isFresh(hour, at + 3_600_000 - 30_001, 30_000)).toBe(true)
    expect(isFresh(hour, at + 3_600_000 - 30_000, 30_000)).toBe(false)
  })

  it('caps the margin at a third of the lifetime', () => {
    const minute = held(60_000)
    expect(isFresh(minute, at + 39_999, 300_000)).toBe(true)
    expect(isFresh(minute, at + 40_000, 300_000)).toBe(false)
  })

  it('always holds where nobody said how long', () => {
    expect(isFresh(held(), at + 1e12, 300_000)).toBe(true)
  })

  it('holds for two thirds of any lifetime, whatever the margin', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, noNaN: true }), (lifetime, margin) => {
        expect(isFresh(held(lifetime), at + Math.ceil((lifetime * 2) / 3) - 1, margin)).toBe(true)
        expect(isFresh(held(lifetime), at + lifetime, margin)).toBe(false)
      }),
    )
  })
})

describe('isWorking', () => {
  it('holds until the lapse, unless a server refused it', () => {
    expect(isWorking(held(60_000), at + 59_999)).toBe(true)
    expect(isWorking(held(60_000), at + 60_000)).toBe(false)
    expect(isWorking(held(), at + 1e12)).toBe(true)
    expect(isWorking(held(60_000, { refused: true }), at)).toBe(false)
  })
})
