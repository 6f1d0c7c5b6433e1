/** Throws, with both values in the message, unless two plain values are the same. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return
  throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
}
