import { describe, expect, it } from 'vitest'

import { pollUntil } from '../src/poll-until.ts'
import { createPolling } from './support/polling.ts'

const ready = { status: 'ready', value: 'it' }

describe('pollUntil on any engine', () => {
  it('waits as long as it takes, and leaves no timer', async () => {
    const { poll, clock, probedAt } = createPolling('queued', 'provisioning', new TypeError('Failed to fetch'), ready)
    const done = poll()
    await clock.advance(4750)
    expect(await done).toBe('it')
    expect(probedAt).toEqual([0, 1000, 2500, 4750])
  })

  it('ends for one caller by their signal, and for all of them by the timeout', async () => {
    const { poll, clock } = createPolling('provisioning')
    const giveUp = new AbortController()
    const mine = poll({ signal: giveUp.signal })
    const theirs = poll()
    theirs.catch(() => {})
    giveUp.abort()
    expect(await mine).toBeUndefined()
    await clock.advance(180_000)
    await expect(theirs).rejects.toMatchObject({ name: 'PollError', reason: 'timeout' })
  })

  it('finds its timers by itself', async () => {
    let probes = 0
    const probe = async (): Promise<{ status: string; value?: number }> =>
      ++probes < 3 ? { status: 'provisioning' } : { status: 'ready', value: probes }
    expect(await pollUntil('by itself', probe, { firstMs: 0 })).toBe(3)
  })
})
