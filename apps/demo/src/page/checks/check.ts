/** Something that should work, as a person would find out. */
export interface Check {
  readonly id: string
  readonly title: string
  /** What should happen. */
  readonly expected: string
  /** Tries it, and resolves with what was seen; rejects where that is not what should happen. */
  readonly run: () => Promise<string>
}

/** Rejects a check, with what was seen in place of what should have been. */
export function ensure(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise)
}

/** Waits until something is so, and rejects when that takes too long. */
export async function until(isSo: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!isSo()) {
    ensure(performance.now() < deadline, `Waited in vain: ${what}`)
    // oxlint-disable-next-line no-await-in-loop -- it is a wait
    await wait(50)
  }
}

/** Lets time pass. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
