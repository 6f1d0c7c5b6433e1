import { type Disposer, disposer } from './disposer.ts'

interface NodeProcess {
  on(type: 'beforeExit', listener: () => void): void
  off(type: 'beforeExit', listener: () => void): void
}

const listeners = new Set<() => void>()

function tell(): void {
  for (const listener of listeners) listener()
}

/** Calls a listener when a Node process, or a thread of one, has nothing left to do. Elsewhere nothing happens. */
export function beforeExit(listener: () => void): Disposer {
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  // One of them for all, since Node warns of many.
  if (listeners.size === 0) process?.on?.('beforeExit', tell)
  listeners.add(listener)
  return disposer(() => {
    if (listeners.delete(listener) && listeners.size === 0) process?.off?.('beforeExit', tell)
  })
}
