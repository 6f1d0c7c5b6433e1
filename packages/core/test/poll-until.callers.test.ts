import { describe, expect, it, vi } from 'vitest'

import { pollUntil } from '../src/poll-until.ts'
import { createPolling } from './support/polling.ts'

const ready = { status: 'ready', value: 'it' }

describe('callers of pollUntil', () => {
  it('share one wait by its key', async () => {
    const { poll, clock, probedAt } = createPolling('provisioning', ready)
    const both = Promise.all([poll(), poll()])
    await clock.advance(1000)
    expect(await both).toEqual(['it', 'it'])
    expect(probedAt).toEqual([0, 1000])
  })

  it('wait for themselves under another key', async () => {
    const one = createPolling('provisioning', ready)
    const two = createPolling(ready)
    const first = one.poll()
    expect(await two.poll()).toBe('it')
    await one.clock.advance(1000)
    expect(await first).toBe('it')
  })

  it('may use anything for a key', async () => {
    const key = { server: 'a' }
    const { clock } = createPolling('ready')
    expect(await pollUntil(key, async () => ready, { platform: clock })).toBe('it')
    expect(await pollUntil(Symbol('key'), async () => ready, { platform: clock })).toBe('it')
  })

  it('end their own wait with their signal, which is no error', async () => {
    const { poll, clock, probedAt } = createPolling('provisioning', 'provisioning', ready)
    const giveUp = new AbortController()
    const mine = poll({ signal: giveUp.signal })
    const theirs = poll()
    await clock.advance(500)
    giveUp.abort(new Error('enough'))
    expect(await mine).toBeUndefined()
    await clock.advance(2000)
    expect(await theirs).toBe('it')
    expect(probedAt).toEqual([0, 1000, 2500])
  })

  it('end the probing together', async () => {
    const polling = createPolling('provisioning')
    const { poll, clock, probedAt } = polling
    const giveUps = [new AbortController(), new AbortController()]
    const all = giveUps.map(({ signal }) => poll({ signal }))
    await clock.advance(500)
    for (const giveUp of giveUps) giveUp.abort()
    expect(await Promise.all(all)).toEqual([undefined, undefined])
    expect(polling.signal.aborted).toBe(true)
    await clock.advance(0)
    expect(clock.pending).toBe(0)
    await clock.advance(600_000)
    expect(probedAt).toEqual([0])
  })

  it('leave no timer behind when all of them leave a probe that hangs', async () => {
    const { poll, clock } = createPolling(() => new Promise(() => {}))
    const giveUp = new AbortController()
    const done = poll({ signal: giveUp.signal })
    await clock.advance(500)
    giveUp.abort()
    expect(await done).toBeUndefined()
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })

  it('hear of no failure after they left', async () => {
    const { poll, clock } = createPolling('provisioning', 'failed')
    const giveUp = new AbortController()
    const mine = poll({ signal: giveUp.signal })
    const theirs = poll()
    theirs.catch(() => {})
    giveUp.abort()
    await clock.advance(1000)
    expect(await mine).toBeUndefined()
    await expect(theirs).rejects.toMatchObject({ reason: 'failed' })
  })

  it('ask for nothing with a signal that is aborted already', async () => {
    const { poll, probedAt } = createPolling(ready)
    expect(await poll({ signal: AbortSignal.abort() })).toBeUndefined()
    expect(probedAt).toEqual([])
  })

  it('start a wait of their own once the former is over', async () => {
    const { poll, answers, probedAt } = createPolling(ready)
    expect(await poll()).toBe('it')
    answers.splice(0, 1, { status: 'ready', value: 'another' })
    expect(await poll()).toBe('another')
    expect(probedAt).toHaveLength(2)
  })

  it('start a wait of their own after all have left the former, even in a probe that hangs', async () => {
    const { poll, clock, answers, probedAt } = createPolling(() => new Promise(() => {}))
    const giveUp = new AbortController()
    const former = poll({ signal: giveUp.signal, timeoutMs: 1000 })
    giveUp.abort()
    await former
    answers.splice(0, 1, ready)
    expect(await poll()).toBe('it')
    expect(probedAt).toHaveLength(2)
    await clock.advance(1000)
  })

  it('do not block the next with a start that failed', async () => {
    const { poll, answers } = createPolling('failed', ready)
    await expect(poll()).rejects.toMatchObject({ reason: 'failed' })
    expect(await poll()).toBe('it')
    expect(answers).toHaveLength(1)
  })

  it('get along with effects that run twice: in, out, in', async () => {
    const { poll, clock } = createPolling('provisioning', ready)
    const first = new AbortController()
    const unmounted = poll({ signal: first.signal })
    first.abort()
    const mounted = poll()
    await clock.advance(1000)
    expect(await unmounted).toBeUndefined()
    expect(await mounted).toBe('it')
  })

  it('leave no listener on a signal that outlives the wait', async () => {
    const { poll } = createPolling(ready)
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await poll({ signal })
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
  })
})

describe('onElapsed of pollUntil', () => {
  it('tells the time every second from 30 s on', async () => {
    const elapsed: number[] = []
    const { poll, clock, answers } = createPolling('queued')
    const done = poll({ onElapsed: (ms) => elapsed.push(ms) })
    await clock.advance(29_999)
    expect(elapsed).toEqual([])
    await clock.advance(3001)
    expect(elapsed).toEqual([30_000, 31_000, 32_000, 33_000])
    answers.splice(0, 1, 'ready')
    await clock.advance(5000)
    await done
    const { length } = elapsed
    await clock.advance(60_000)
    expect(elapsed).toHaveLength(length)
  })

  it('starts anew with the next wait', async () => {
    const elapsed: number[] = []
    const { poll, clock, answers } = createPolling('queued')
    const first = new AbortController()
    void poll({ onElapsed: (ms) => elapsed.push(ms), signal: first.signal })
    await clock.advance(42_000)
    first.abort()
    await clock.advance(0)
    elapsed.length = 0
    const next = poll({ onElapsed: (ms) => elapsed.push(ms) })
    await clock.advance(29_999)
    expect(elapsed).toEqual([])
    await clock.advance(1)
    expect(elapsed).toEqual([30_000])
    answers.splice(0, 1, 'ready')
    await clock.advance(5000)
    await next
  })

  it('tells every caller of the same wait, and nobody who left', async () => {
    const heard: string[] = []
    const { poll, clock, answers } = createPolling('queued')
    const giveUp = new AbortController()
    void poll({ onElapsed: (ms) => heard.push(`one ${ms}`), signal: giveUp.signal })
    await clock.advance(29_500)
    const two = poll({ onElapsed: (ms) => heard.push(`two ${ms}`) })
    await clock.advance(500)
    giveUp.abort()
    await clock.advance(1000)
    expect(heard).toEqual(['one 30000', 'two 30000', 'two 31000'])
    answers.splice(0, 1, 'ready')
    await clock.advance(5000)
    await two
  })

  it('goes on telling while a probe hangs', async () => {
    const elapsed: number[] = []
    const { poll, clock } = createPolling(() => new Promise(() => {}))
    const done = poll({ onElapsed: (ms) => elapsed.push(ms) })
    done.catch(() => {})
    await clock.advance(180_000)
    expect(elapsed[0]).toBe(30_000)
    expect(elapsed.length).toBeGreaterThanOrEqual(150)
  })
})
