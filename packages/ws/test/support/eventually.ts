import { expect } from 'vitest'

/** `expect.poll`, with the patience that a busy machine takes. */
export const eventually: typeof expect.poll = (look, options) => {
  const { poll } = expect
  return poll(look, { timeout: 4500, ...options })
}
