import { describe, expect, it } from 'vitest'

import { followTicks, type Way } from './support/follow-ticks.ts'
import { serveTicker } from './support/ticker.ts'

const total = 100_000
const perToken = 2_000
const expiries = total / perToken
const ways: readonly Way[] = ['each', 'iterate', 'EventSource']

describe.each(ways)(`${total} events over ${expiries} tokens, by %s`, (way) => {
  it('come once each and in order where the server cuts when a token ends', async () => {
    await using ticker = await serveTicker({ total, perToken })
    expect(await followTicks(ticker.origin, { way, handover: false, perToken, total })).toEqual({ events: total })
    expect(ticker.refreshes).toBe(expiries)
    expect(ticker.answers).toEqual({ 200: expiries, 401: expiries, 204: 1 })
    expect(Object.keys(ticker.cuts)).toHaveLength(6)
  })

  it('come once each and in order where the next connection opens before the token ends', async () => {
    await using ticker = await serveTicker({ total, perToken, overlaps: true })
    expect(await followTicks(ticker.origin, { way, handover: true, perToken, total })).toEqual({ events: total })
    expect(ticker.overlapping).toBe(expiries - 1)
    expect(ticker.answers).toEqual({ 200: expiries, 401: 1, 204: 1 })
    expect(ticker.refreshes).toBe(expiries)
  })
})
