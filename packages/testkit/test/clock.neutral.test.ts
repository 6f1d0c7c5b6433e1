import { createClock } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

describe('createClock', () => {
  it('stands still until it is told to move', async () => {
    const clock = createClock(1000)
    await clock.advance(0)
    expect(clock.now()).toBe(1000)
    await clock.advance(250)
    expect(clock.now()).toBe(1250)
  })

  it('fires timers in the order in which they fall due, those that fall due together in the order of their setting', async () => {
    const clock = createClock(0)
    const fired: string[] = []
    clock.setTimeout(() => fired.push(`late ${clock.now()}`), 30)
    clock.setTimeout(() => fired.push(`first ${clock.now()}`), 10)
    clock.setTimeout(() => fired.push(`second ${clock.now()}`), 10)
    await clock.advance(29)
    expect(fired).toEqual(['first 10', 'second 10'])
    await clock.advance(1)
    expect(fired).toEqual(['first 10', 'second 10', 'late 30'])
  })

  it('fires timers that timers set, and that promises set after them', async () => {
    const clock = createClock(0)
    const fired: number[] = []
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms))
    const work = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await sleep(10)
        await crypto.subtle.digest('SHA-256', new Uint8Array(1))
        await new Response('a body').text()
        fired.push(clock.now())
      }
    }
    const working = work()
    await clock.advance(30)
    expect(fired).toEqual([10, 20, 30])
    await working
  })

  it('does not fire a timer that was cleared, by itself or by one that fell due with it', async () => {
    const clock = createClock(0)
    const fired: string[] = []
    const cleared = clock.setTimeout(() => fired.push('cleared'), 5)
    clock.setTimeout(() => {
      clock.clearTimeout(other)
    }, 10)
    const other = clock.setTimeout(() => fired.push('other'), 10)
    clock.clearTimeout(cleared)
    await clock.advance(100)
    expect(fired).toEqual([])
  })

  it('keeps what remained of a timer over a jump', async () => {
    const clock = createClock(0)
    let firedAt: number | undefined
    clock.setTimeout(() => {
      firedAt = clock.now()
    }, 1000)
    await clock.advance(400)
    clock.jump(7_200_000)
    await clock.advance(599)
    expect(firedAt).toBeUndefined()
    await clock.advance(1)
    expect(firedAt).toBe(7_201_000)
  })

  it('sets the wall clock back', () => {
    const clock = createClock(10_000)
    clock.jump(-4000)
    expect(clock.now()).toBe(6000)
  })

  it('counts the timers that are live', async () => {
    const clock = createClock()
    const id = clock.setTimeout(() => {}, 10)
    clock.setTimeout(() => {}, 20)
    expect(clock.pending).toBe(2)
    clock.clearTimeout(id)
    expect(clock.pending).toBe(1)
    await clock.advance(20)
    expect(clock.pending).toBe(0)
  })

  it('fires a timer of more than 24.8 days after 1 ms, as the platforms do', async () => {
    const clock = createClock(0)
    const fired: number[] = []
    clock.setTimeout(() => fired.push(clock.now()), 2 ** 31)
    clock.setTimeout(() => fired.push(clock.now()), 2 ** 31 - 1)
    await clock.advance(1)
    expect(fired).toEqual([1])
    await clock.advance(2 ** 31)
    expect(fired).toEqual([1, 2 ** 31 - 1])
  })

  it('rejects with what a timer throws, and with a word about one that re-arms itself for ever', async () => {
    const clock = createClock(0, { settle: async () => {} })
    clock.setTimeout(() => {
      throw new Error('from a timer')
    }, 1)
    await expect(clock.advance(1)).rejects.toThrow('from a timer')
    const again = (): void => {
      clock.setTimeout(again, 0)
    }
    again()
    await expect(clock.advance(1)).rejects.toThrow('re-arms itself')
  })

  it('takes no negative time', async () => {
    await expect(createClock().advance(-1)).rejects.toThrow('jump()')
  })

  it('gives the jitter that it was told to give', () => {
    expect(createClock().random()).toBe(0)
    expect(createClock(0, { random: () => 0.5 }).random()).toBe(0.5)
  })
})
