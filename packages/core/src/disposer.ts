/** Stops what was started. Calling and disposing (`using`) are the same, and may happen twice. */
export type Disposer = (() => void) & Disposable

/** Returns the disposer that stops something. */
export function disposer(stop: () => void): Disposer {
  return Object.assign(stop, { [Symbol.dispose]: stop })
}
