import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { beforeExit } from '../src/before-exit.ts'

const count = (): number => process.listenerCount('beforeExit')

describe('beforeExit', () => {
  it('calls everybody who listens when there is nothing left to do, each time', () => {
    const heard: string[] = []
    const stops = [beforeExit(() => heard.push('one')), beforeExit(() => heard.push('other'))]
    process.emit('beforeExit', 0)
    stops[0]?.()
    process.emit('beforeExit', 0)
    expect(heard).toEqual(['one', 'other', 'other'])
    stops[1]?.()
  })

  it('listens once to the process, for however many, and not for nobody', () => {
    const before = count()
    const stops = Array.from({ length: 20 }, () => beforeExit(() => {}))
    expect(count()).toBe(before + 1)
    for (const stop of stops) {
      expect(count()).toBe(before + 1)
      stop()
      stop()
    }
    expect(count()).toBe(before)
  })

  it('does nothing where there is no process', () => {
    vi.stubGlobal('process', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    const listener = vi.fn<() => void>()
    beforeExit(listener)()
    expect(listener).not.toHaveBeenCalled()
  })
})
