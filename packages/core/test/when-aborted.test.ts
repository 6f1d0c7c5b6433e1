import { expect, it, vi } from 'vitest'

import { whenAborted } from '../src/when-aborted.ts'

it('calls everybody back who has not stopped it, by one listener', () => {
  const controller = new AbortController()
  const listens = vi.spyOn(controller.signal, 'addEventListener')
  const stays = vi.fn<() => void>()
  const goes = vi.fn<() => void>()
  whenAborted(controller.signal, stays)
  whenAborted(controller.signal, goes)()
  controller.abort()
  expect(stays).toHaveBeenCalledOnce()
  expect(goes).not.toHaveBeenCalled()
  expect(listens).toHaveBeenCalledOnce()
})

it('lets go of the signal with the last one, and starts again', () => {
  const controller = new AbortController()
  const lets = vi.spyOn(controller.signal, 'removeEventListener')
  const first = whenAborted(controller.signal, () => {})
  const second = whenAborted(controller.signal, () => {})
  first()
  expect(lets).not.toHaveBeenCalled()
  second()
  second()
  expect(lets).toHaveBeenCalled()
  const listens = vi.spyOn(controller.signal, 'addEventListener')
  const again = vi.fn<() => void>()
  whenAborted(controller.signal, again)
  first()
  whenAborted(controller.signal, () => {})
  controller.abort()
  expect(again).toHaveBeenCalledOnce()
  expect(listens).toHaveBeenCalledOnce()
})
