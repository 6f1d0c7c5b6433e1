import { createClock, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { sleep } from '../src/sleep.ts'

describe('sleep', () => {
  it('ends after its time, and leaves no listener', async () => {
    const clock = createClock()
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const woke = vi.fn<() => void>()
    void sleep(clock, 1000, signal).then(woke)
    await clock.advance(999)
    expect(woke).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(woke).toHaveBeenCalledOnce()
    expect(removed).toHaveBeenCalled()
  })

  it('ends at once when its signal aborts, and leaves no timer', async () => {
    const clock = createClock()
    const wake = new AbortController()
    const woke = vi.fn<() => void>()
    void sleep(clock, 1000, wake.signal).then(woke)
    wake.abort()
    await settle()
    expect(woke).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  it('does not begin with a signal that is aborted already', async () => {
    const clock = createClock()
    await sleep(clock, 1000, AbortSignal.abort())
    expect(clock.pending).toBe(0)
  })
})
