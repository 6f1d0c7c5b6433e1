import { onTestFinished } from 'vitest'

/** Collects, until the test ends, what is thrown in a microtask: what a platform would report as uncaught. */
export function collectUncaught(): unknown[] {
  const errors: unknown[] = []
  const { queueMicrotask } = globalThis
  globalThis.queueMicrotask = (callback) => {
    queueMicrotask(() => {
      try {
        callback()
      } catch (error) {
        errors.push(error)
      }
    })
  }
  onTestFinished(() => {
    globalThis.queueMicrotask = queueMicrotask
  })
  return errors
}
