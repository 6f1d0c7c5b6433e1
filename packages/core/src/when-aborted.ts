interface Waiting {
  readonly callbacks: Set<() => void>
  readonly tell: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls back when a signal aborts. Returns what stops it. A thousand connections of one session share one listener: a
 * platform looks through all of them to add or to remove one.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, tell } = waiting.get(signal) ?? listenTo(signal)
  callbacks.add(callback)
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return
    signal.removeEventListener('abort', tell)
    waiting.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>()
  const tell = (): void => {
    for (const each of callbacks) each()
  }
  signal.addEventListener('abort', tell)
  const made = { callbacks, tell }
  waiting.set(signal, made)
  return made
}
