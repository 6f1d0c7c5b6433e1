import { deferred, settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { abortable } from '../src/abortable.ts'

describe('abortable', () => {
  it('is the promise itself without a signal', () => {
    const promise = Promise.resolve(1)
    expect(abortable(promise, undefined)).toBe(promise)
  })

  it('follows the promise', async () => {
    const { signal } = new AbortController()
    expect(await abortable(Promise.resolve(1), signal)).toBe(1)
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  })

  it('rejects with the reason of the signal, untouched, whenever it aborts', async () => {
    const reason = { mine: true }
    const controller = new AbortController()
    const waiting = abortable(new Promise(() => {}), controller.signal)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(abortable(new Promise(() => {}), controller.signal)).rejects.toBe(reason)
  })

  it('lets nobody hear of a failure after the abort', async () => {
    const late = deferred()
    const waiting = abortable(late.promise, AbortSignal.abort('gone'))
    await expect(waiting).rejects.toBe('gone')
    late.reject(new Error('late'))
    await settle()
  })

  it('leaves no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await abortable(Promise.resolve(), signal)
    await abortable(Promise.reject(new Error('no')), signal).catch(() => {})
    await settle()
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
  })
})
