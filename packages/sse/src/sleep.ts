/** The longest time that a timer can count, in ms: more would be none at all. */
const longestMs = 2 ** 31 - 1

/** Resolves after a time, or at once when the signal aborts; the timer goes with it. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.min(longestMs, ms))
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

/** Waits for what a peer sends; calls back when it has been silent for too long. */
export async function heard<T>(ms: number | undefined, silent: (error: Error) => void, task: Promise<T>): Promise<T> {
  if (ms === undefined) return task
  const timer = setTimeout(() => {
    silent(new Error(`Nothing came for ${ms} ms`))
  }, ms)
  try {
    return await task
  } finally {
    clearTimeout(timer)
  }
}
