import type { Active, Expired } from './session-state.ts'

/**
 * Returns whether a credential will live for a margin from now. The margin is capped at a third of the lifetime: a
 * window of five minutes on a token of five minutes would refresh on every call.
 */
export function isFresh(
  { credential: { expiresAt }, receivedAt }: Active | Expired,
  now: number,
  marginMs: number,
): boolean {
  return expiresAt === undefined || now < expiresAt - Math.min(marginMs, (expiresAt - receivedAt) / 3)
}

/** Returns whether servers may still take a credential: not lapsed, and none has refused it. */
export function isWorking({ credential: { expiresAt }, notes }: Active, now: number): boolean {
  return notes.refused === undefined && (expiresAt === undefined || now < expiresAt)
}
