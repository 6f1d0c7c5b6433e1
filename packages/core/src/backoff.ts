export interface BackoffOptions {
  /** The least wait, in ms. @default 250 */
  minMs?: number | undefined
  /** The longest wait, in ms. @default 30_000 */
  maxMs?: number | undefined
  /** A number in [0, 1). @default Math.random */
  random?: (() => number) | undefined
}

/**
 * Returns how long to wait before an attempt, in ms: anything between the least wait and its double for each attempt
 * before (full jitter), so that those who lost a server together do not come back together.
 *
 * @param attempt how many attempts failed before, from 0
 */
export function backoff(attempt: number, options: BackoffOptions = {}): number {
  const { minMs = 250, maxMs = 30_000, random = Math.random } = options
  return minMs + random() * (Math.min(maxMs, minMs * 2 ** (attempt + 1)) - minMs)
}
