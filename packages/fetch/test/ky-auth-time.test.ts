import type { Session } from '@reauth/core'
import { kyAuth } from '@reauth/fetch/ky'
import { hold } from '@reauth/testkit'
import ky, { isTimeoutError, type KyInstance, type Options } from 'ky'
import { afterEach, beforeEach, describe, expect, vi } from 'vitest'

import { caught } from './caught.ts'
import { it } from './over-msw.ts'
import type { World } from './world.ts'

// All in memory: the timers that run here are ky's and ours, and no connection's.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const apiOf = ({ issuer }: World, session: Session, options: Options = {}): KyInstance =>
  ky.extend({ fetch: issuer.fetch, timeout: 1000, retry: 0, ...options, ...kyAuth(session) })

describe('time', () => {
  it('that a refresh takes before the call does not count', async ({ world }) => {
    const session = world.signIn({ refresh: world.issuer.refresh })
    world.clock.jump(3_600_000)
    const gate = world.issuer.faults.next(hold())
    const call = caught(apiOf(world, session)(world.url('/api/items')))
    await gate.arrived

    await vi.advanceTimersByTimeAsync(29_000)
    gate.release()

    expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
  })

  it('that a refresh takes after a 401 does not count', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })
    const gate = world.issuer.faults.next(hold())
    const call = caught(apiOf(world, session)(world.url('/api/items')))
    await gate.arrived

    await vi.advanceTimersByTimeAsync(29_000)
    gate.release()

    expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
  })

  it('that the replay takes is bounded by the timeout of ky', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })
    const gate = world.issuer.apiFaults.at(2, hold())
    const call = caught(apiOf(world, session)(world.url('/api/items')))
    await gate.arrived

    await vi.advanceTimersByTimeAsync(999)
    expect(world.calls[1]?.answer).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)

    expect(isTimeoutError(await call)).toBe(true)
    expect(world.calls.map(({ answer }) => answer)).toEqual([401, 'aborted'])
  })

  it('that the replay takes is bounded by the default of ky, too', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })
    const gate = world.issuer.apiFaults.at(2, hold())
    const call = caught(apiOf(world, session, { timeout: undefined! })(world.url('/api/items')))
    await gate.arrived

    await vi.advanceTimersByTimeAsync(9999)
    expect(world.calls[1]?.answer).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)

    expect(isTimeoutError(await call)).toBe(true)
  })

  it('that the replay takes is bounded also where a fetch of the caller heeds no signal', async ({ world }) => {
    const session = world.signIn({ refresh: world.issuer.refresh })
    const answers = [async () => new Response(null, { status: 401 }), () => new Promise<never>(() => {})]
    const api = apiOf(world, session, { fetch: () => answers.shift()!() })
    let outcome: unknown
    void caught(api(world.url('/api/items'))).then((value) => {
      outcome = value
    })
    while (answers.length > 0) await vi.advanceTimersByTimeAsync(0)

    await vi.advanceTimersByTimeAsync(1000)

    expect(isTimeoutError(outcome)).toBe(true)
  })

  it('that the replay takes is not bounded with timeout: false', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })
    const gate = world.issuer.apiFaults.at(2, hold())
    const call = caught(apiOf(world, session, { timeout: false })(world.url('/api/items')))
    await gate.arrived

    await vi.advanceTimersByTimeAsync(3_600_000)
    gate.release()

    expect(await call).toMatchObject({ resolvedWith: { status: 200 } })
  })

  it('that the body of a replay takes is bounded by ky, as that of any answer', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })
    world.issuer.apiFaults.at(2, async () => new Response(new ReadableStream()))
    const text = caught(apiOf(world, session)(world.url('/api/items')).text())
    while (world.calls[1]?.answer !== 200) await vi.advanceTimersByTimeAsync(0)

    await vi.advanceTimersByTimeAsync(1000)

    expect(isTimeoutError(await text)).toBe(true)
  })

  it('is up for every timer when the replay is answered', async ({ world }) => {
    const session = world.signInRefused({ refresh: world.issuer.refresh })

    await (await apiOf(world, session)(world.url('/api/items'))).text()

    expect(vi.getTimerCount()).toBe(0)
  })

  it('is up for every timer when the replay fails', async ({ world }) => {
    const session = world.signIn({ refresh: world.issuer.refresh })
    const failure = new TypeError('Failed to fetch')
    const answers = [async () => new Response(null, { status: 401 }), () => Promise.reject(failure)]

    await caught(apiOf(world, session, { fetch: () => answers.shift()!() })(world.url('/api/items')))

    expect(vi.getTimerCount()).toBe(0)
  })
})
