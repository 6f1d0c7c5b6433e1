import { settle } from '@reauth/testkit'
import { describe, expect, it, vi } from 'vitest'

import { createEmitter, notify } from '../src/emitter.ts'
import { collectUncaught } from './support/uncaught.ts'

describe('notify', () => {
  it('reports what a listener throws as uncaught, and goes on', async () => {
    const uncaught = collectUncaught()
    const error = new Error('mine')
    notify(() => {
      throw error
    })
    await settle()
    expect(uncaught).toEqual([error])
  })

  it('passes everything on', () => {
    const listener = vi.fn<(one: number, two: string) => void>()
    notify(listener, 1, 'two')
    expect(listener).toHaveBeenCalledExactlyOnceWith(1, 'two')
  })
})

describe('createEmitter', () => {
  it('tells everybody, in the order in which they came', () => {
    const emitter = createEmitter<[number]>()
    const heard: string[] = []
    emitter.add((value) => heard.push(`a${value}`))
    emitter.add((value) => heard.push(`b${value}`))
    emitter.emit(1)
    emitter.emit(2)
    expect(heard).toEqual(['a1', 'b1', 'a2', 'b2'])
  })

  it('lets no throwing listener harm the others', async () => {
    const uncaught = collectUncaught()
    const emitter = createEmitter<[]>()
    const last = vi.fn<() => void>()
    emitter.add(() => {
      throw new Error('first')
    })
    emitter.add(() => {
      throw new Error('second')
    })
    emitter.add(last)
    emitter.emit()
    expect(last).toHaveBeenCalledOnce()
    await settle()
    expect(uncaught.map(String)).toEqual(['Error: first', 'Error: second'])
  })

  it('lets the same function listen twice, and each stops for itself', () => {
    const emitter = createEmitter<[]>()
    const listener = vi.fn<() => void>()
    const stop = emitter.add(listener)
    emitter.add(listener)
    emitter.emit()
    expect(listener).toHaveBeenCalledTimes(2)
    stop()
    stop()
    emitter.emit()
    expect(listener).toHaveBeenCalledTimes(3)
  })

  it('stops by `using`, too', () => {
    const emitter = createEmitter<[]>()
    const listener = vi.fn<() => void>()
    {
      using _stop = emitter.add(listener)
      emitter.emit()
    }
    emitter.emit()
    expect(listener).toHaveBeenCalledOnce()
  })

  it('tells nobody who was stopped by a listener before', () => {
    const emitter = createEmitter<[]>()
    const second = vi.fn<() => void>()
    emitter.add(() => {
      stop()
    })
    const stop = emitter.add(second)
    emitter.emit()
    expect(second).not.toHaveBeenCalled()
  })

  it('tells who starts to listen during an event only of the next', () => {
    const emitter = createEmitter<[]>()
    const second = vi.fn<() => void>()
    const stop = emitter.add(() => {
      emitter.add(second)
      stop()
    })
    emitter.emit()
    expect(second).not.toHaveBeenCalled()
    emitter.emit()
    expect(second).toHaveBeenCalledOnce()
  })

  it('forgets everybody when it is cleared, also those who have not been told yet', () => {
    const emitter = createEmitter<[]>()
    const second = vi.fn<() => void>()
    emitter.add(() => {
      emitter.clear()
    })
    emitter.add(second)
    emitter.emit()
    emitter.emit()
    expect(second).not.toHaveBeenCalled()
  })
})
