import { describe, expect, it, vi } from 'vitest'

import { AuthenticationError, PermissionDeniedError, RefreshError } from '../src/errors.ts'
import { PollError, pollUntil } from '../src/poll-until.ts'
import { createPolling } from './support/polling.ts'

const ready = { status: 'ready', value: 'it' }

describe('pollUntil', () => {
  it('probes at once, and is done if it is ready', async () => {
    const { poll, probedAt } = createPolling(ready)
    expect(await poll()).toBe('it')
    expect(probedAt).toEqual([0])
  })

  it('asks again after 1 s and then 1.5 times as long each time, at most 5 s apart', async () => {
    const { poll, clock, probedAt } = createPolling(...Array<string>(8).fill('provisioning'), 'ready')
    const done = poll()
    await clock.advance(60_000)
    await done
    const delays = probedAt.slice(1).map((at, index) => at - (probedAt[index] ?? 0))
    expect(delays).toEqual([1000, 1500, 2250, 3375, 5000, 5000, 5000, 5000])
  })

  it('goes by the numbers that it is given', async () => {
    const { poll, clock, probedAt } = createPolling('provisioning')
    const done = poll({ firstMs: 100, factor: 2, maxMs: 500, timeoutMs: 1600 })
    done.catch(() => {})
    await clock.advance(1600)
    expect(probedAt).toEqual([0, 100, 300, 700, 1200])
    await expect(done).rejects.toMatchObject({ reason: 'timeout' })
  })

  it('never waits longer than maxMs, not even the first time', async () => {
    const { poll, clock, probedAt } = createPolling('provisioning', 'ready')
    const done = poll({ firstMs: 10_000, maxMs: 200 })
    await clock.advance(200)
    await done
    expect(probedAt).toEqual([0, 200])
  })

  it('goes from the queue over provisioning to ready', async () => {
    const { poll, clock, answers, warnings } = createPolling('queued', 'provisioning', 'queued', 'provisioning')
    answers.push(ready)
    const done = poll()
    await clock.advance(10_000)
    expect(await done).toBe('it')
    expect(warnings).toEqual([])
  })

  it('ends with what has failed for good', async () => {
    const { poll, clock, probedAt } = createPolling('provisioning', 'failed')
    const done = poll()
    done.catch(() => {})
    await clock.advance(1000)
    await expect(done).rejects.toBeInstanceOf(PollError)
    await expect(done).rejects.toMatchObject({ name: 'PollError', reason: 'failed' })
    await clock.advance(60_000)
    expect(probedAt).toHaveLength(2)
  })

  it.each([['hibernating'], ['READY'], ['']])('goes on with a warning when the state is "%s"', async (status) => {
    const { poll, clock, warnings } = createPolling(status, ready)
    const done = poll()
    await clock.advance(1000)
    expect(await done).toBe('it')
    expect(warnings).toMatchObject([{ type: 'warning', level: 'warn' }])
  })

  it.each([[undefined], [null], [{}], ['ready'], [[]]])(
    'goes on with a warning when the probe gives %j',
    async (garbage) => {
      const { poll, clock, warnings } = createPolling(() => garbage, ready)
      const done = poll()
      await clock.advance(1000)
      expect(await done).toBe('it')
      expect(warnings).toHaveLength(1)
    },
  )

  it.each([
    new TypeError('Failed to fetch'),
    new RefreshError('Later', { reason: 'unavailable' }),
    new RefreshError('No', { reason: 'rejected' }),
  ])('goes on with a warning when the probe throws %s', async (error) => {
    const { poll, clock, warnings } = createPolling(error, error, ready)
    const done = poll()
    await clock.advance(2500)
    expect(await done).toBe('it')
    expect(warnings).toHaveLength(2)
  })

  it('goes on when a probe that is no async function throws', async () => {
    const { clock, warnings } = createPolling('ready')
    let calls = 0
    const probe = (): Promise<{ status: string }> => {
      if (++calls === 1) throw new Error('at once')
      return Promise.resolve({ status: 'ready' })
    }
    const done = pollUntil('sync', probe, { platform: clock, trace: (entry) => warnings.push(entry) })
    await clock.advance(1000)
    await done
    expect(warnings).toHaveLength(1)
  })

  it.each([new AuthenticationError('Sign in', { reason: 'expired' }), new PermissionDeniedError('Not allowed')])(
    'ends with an $name of the probe',
    async (error) => {
      const { poll, probedAt, clock } = createPolling('queued', error)
      const [one, two] = [poll(), poll()]
      one.catch(() => {})
      two.catch(() => {})
      await clock.advance(1000)
      await expect(one).rejects.toBe(error)
      await expect(two).rejects.toBe(error)
      await clock.advance(60_000)
      expect(probedAt).toHaveLength(2)
    },
  )

  it('warns on the console where nobody takes the trace', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { poll, clock } = createPolling('hibernating', 'ready')
    const done = poll({ trace: undefined as never })
    await clock.advance(1000)
    await done
    expect(warn).toHaveBeenCalledOnce()
  })
})

describe('the timeout of pollUntil', () => {
  it('comes after 180 s, as an error of its own', async () => {
    const polling = createPolling('provisioning')
    const { poll, clock } = polling
    const done = poll()
    let error: unknown
    done.catch((thrown: unknown) => {
      error = thrown
    })
    await clock.advance(179_999)
    expect(error).toBeUndefined()
    await clock.advance(1)
    expect(error).toBeInstanceOf(PollError)
    expect(error).toMatchObject({ name: 'PollError', reason: 'timeout' })
    expect(polling.signal.aborted).toBe(true)
  })

  it('counts no time in a queue, however long', async () => {
    const { poll, clock, answers } = createPolling('queued')
    const done = poll()
    await clock.advance(600_000)
    answers.splice(0, 1, 'provisioning')
    await clock.advance(170_000)
    answers.splice(0, 1, 'ready')
    await clock.advance(5000)
    await expect(done).resolves.toBeUndefined()
  })

  it('counts on where it stopped when the queue is over', async () => {
    const { poll, clock, answers } = createPolling('provisioning')
    const done = poll({ firstMs: 1000, factor: 1, timeoutMs: 10_000 })
    let isOver = false
    done.catch(() => (isOver = true))
    await clock.advance(4500)
    answers.splice(0, 1, 'queued')
    await clock.advance(100_000)
    answers.splice(0, 1, 'provisioning')
    await clock.advance(5400)
    expect(isOver).toBe(false)
    await clock.advance(1000)
    expect(isOver).toBe(true)
  })

  it('comes over a probe that hangs, and ends it', async () => {
    const polling = createPolling(() => new Promise(() => {}))
    const { poll, clock, probedAt } = polling
    const done = poll()
    done.catch(() => {})
    await clock.advance(180_000)
    await expect(done).rejects.toMatchObject({ reason: 'timeout' })
    expect(probedAt).toEqual([0])
    expect(polling.signal.aborted).toBe(true)
  })

  it('starts anew with the next wait', async () => {
    const { poll, clock } = createPolling('provisioning')
    const first = poll()
    first.catch(() => {})
    await clock.advance(180_000)
    await expect(first).rejects.toMatchObject({ reason: 'timeout' })
    const second = poll()
    let isOver = false
    second.catch(() => (isOver = true))
    await clock.advance(179_999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(isOver).toBe(true)
  })

  it.each([[Infinity], [2 ** 31], [Number.MAX_SAFE_INTEGER]])(
    'does not come at once where it is %d ms',
    async (timeoutMs) => {
      const { poll, clock, answers } = createPolling('provisioning')
      const done = poll({ timeoutMs })
      let isOver = false
      done.catch(() => (isOver = true))
      await clock.advance(600_000)
      expect(isOver).toBe(false)
      answers.splice(0, 1, 'ready')
      await clock.advance(5000)
      await done.catch(() => {})
    },
  )
})

describe('a time that is none', () => {
  it.each([{ firstMs: NaN }, { firstMs: -1 }, { factor: NaN }, { maxMs: NaN }])(
    'is a TypeError at once: %j',
    async (options) => {
      const { poll } = createPolling('ready')
      await expect(poll(options)).rejects.toThrow(TypeError)
    },
  )
})
