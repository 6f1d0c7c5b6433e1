/** The longest time between two looks at the clock, which may be set meanwhile. */
const stepMs = 60_000

/** Calls back at a time in epoch ms, at once if that is past. Returns what stops it. */
export function callAt(time: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    const leftMs = time - Date.now()
    // What is no time at all is past.
    if (leftMs > 0) timer = setTimeout(look, Math.min(leftMs, stepMs))
    else callback()
  }
  look()
  return () => {
    clearTimeout(timer)
  }
}
