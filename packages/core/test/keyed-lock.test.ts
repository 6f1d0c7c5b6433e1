import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { createKeyedLock } from '../src/keyed-lock.ts'

describe('createKeyedLock', () => {
  it('starts a task without contention at once', async () => {
    const lock = createKeyedLock()
    let isStarted = false
    const done = lock.run('key', async () => {
      isStarted = true
      return 'answer'
    })
    expect(isStarted).toBe(true)
    expect(lock.size).toBe(1)
    expect(await done).toBe('answer')
    expect(lock.size).toBe(0)
  })

  it('runs the tasks of a key one after the other, in the order of the calls', async () => {
    const lock = createKeyedLock()
    const gates = [deferred(), deferred(), deferred()]
    const started: number[] = []
    const all = gates.map(({ promise }, index) =>
      lock.run('key', () => {
        started.push(index)
        return promise
      }),
    )
    await settle()
    expect(started).toEqual([0])
    gates[2]?.resolve()
    gates[0]?.resolve()
    await settle()
    expect(started).toEqual([0, 1])
    gates[1]?.resolve()
    await Promise.all(all)
    expect(started).toEqual([0, 1, 2])
  })

  it('lets other keys go by', async () => {
    const lock = createKeyedLock()
    const gate = deferred()
    const held = lock.run('a', () => gate.promise)
    expect(await lock.run('b', async () => 'b')).toBe('b')
    expect(lock.size).toBe(1)
    gate.resolve()
    await held
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('mine'))],
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
  ])('goes on after a task that %s, whose caller alone hears of it', async (_, task) => {
    const lock = createKeyedLock()
    const failed = lock.run('key', task)
    const next = lock.run('key', async () => 'next')
    await expect(failed).rejects.toThrow('mine')
    expect(await next).toBe('next')
    expect(lock.size).toBe(0)
  })

  it('ends the wait of a caller who gives up, with the reason, and never runs that task', async () => {
    const lock = createKeyedLock()
    const gate = deferred()
    const giveUp = new AbortController()
    const order: string[] = []
    const first = lock.run('key', () => gate.promise)
    const second = lock.run('key', async () => void order.push('second'), { signal: giveUp.signal })
    const third = lock.run('key', async () => void order.push('third'))
    giveUp.abort('enough')
    await expect(second).rejects.toBe('enough')
    expect(order).toEqual([])
    gate.resolve()
    await Promise.all([first, third])
    expect(order).toEqual(['third'])
    expect(lock.size).toBe(0)
  })

  it('keeps its turn for those who come after a caller who gave up', async () => {
    const lock = createKeyedLock()
    const gate = deferred()
    const giveUp = new AbortController()
    const first = lock.run('key', () => gate.promise)
    const second = lock.run('key', unexpected, { signal: giveUp.signal })
    giveUp.abort('enough')
    await expect(second).rejects.toBe('enough')
    let isStarted = false
    const third = lock.run('key', async () => {
      isStarted = true
    })
    await settle()
    expect(isStarted).toBe(false)
    gate.resolve()
    await Promise.all([first, third])
    await settle()
    expect(lock.size).toBe(0)
  })

  it('takes no turn for a signal that is aborted already', async () => {
    const lock = createKeyedLock()
    await expect(lock.run('key', unexpected, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(lock.size).toBe(0)
  })

  it('leaves a task alone that runs when its signal aborts', async () => {
    const lock = createKeyedLock()
    const gate = deferred<string>()
    const giveUp = new AbortController()
    const done = lock.run('key', () => gate.promise, { signal: giveUp.signal })
    giveUp.abort('too late')
    gate.resolve('done')
    expect(await done).toBe('done')
  })

  it('forgets a key when everybody in its queue has given up', async () => {
    const lock = createKeyedLock()
    const gate = deferred()
    const giveUp = new AbortController()
    const first = lock.run('key', () => gate.promise)
    const others = [1, 2, 3].map(() => lock.run('key', unexpected, { signal: giveUp.signal }))
    giveUp.abort('all')
    await Promise.allSettled(others)
    gate.resolve()
    await first
    await settle()
    expect(lock.size).toBe(0)
  })

  it('remembers the keys that are held and no others, however many it has seen', async () => {
    const lock = createKeyedLock()
    for (let key = 0; key < 1000; key++) await lock.run(`key ${key}`, async () => key)
    expect(lock.size).toBe(0)
    const gate = deferred()
    const held = Array.from({ length: 50 }, (_, key) => lock.run(`key ${key % 10}`, () => gate.promise))
    expect(lock.size).toBe(10)
    gate.resolve()
    await Promise.all(held)
    expect(lock.size).toBe(0)
  })

  it('takes any text for a key', async () => {
    const lock = createKeyedLock()
    for (const key of ['', '__proto__', 'constructor']) expect(await lock.run(key, async () => key)).toBe(key)
    expect(lock.size).toBe(0)
  })
})

async function unexpected(): Promise<never> {
  throw new Error('This task has no business to run')
}
