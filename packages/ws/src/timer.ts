/** Why a former state is over. Without a reason, an abort makes an error with a stack that nobody looks at. */
export const over = 'over'

const longestMs = 2 ** 31 - 1

/** Calls back after a time, unless the signal aborts before. */
export function after(ms: number, signal: AbortSignal, then: () => void): void {
  if (signal.aborted) return
  const stop = (): void => {
    clearTimeout(timer)
  }
  const timer = setTimeout(
    () => {
      signal.removeEventListener('abort', stop)
      then()
    },
    Math.min(ms, longestMs),
  )
  signal.addEventListener('abort', stop, { once: true })
}
