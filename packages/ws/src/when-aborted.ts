const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when a signal aborts. Returns what stops it. A thousand sockets of one session share one listener: a
 * platform looks through all of them to add or to remove one.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? new Set()
  if (!waiting.has(signal)) {
    waiting.set(signal, callbacks)
    signal.addEventListener('abort', () => {
      for (const each of callbacks) each()
    })
  }
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
  }
}

/** Why a former state is over. Without a reason, an abort makes an error with a stack that nobody looks at. */
export const over = 'over'
