import type { Loss } from './loss.ts'

/** Returns the event of an end. */
export function closeEvent({ code = 1006, reason = '', wasClean = false }: Partial<Loss>): CloseEvent {
  const { CloseEvent: PlatformEvent } = globalThis as Partial<typeof globalThis>
  const told = { code, reason, wasClean }
  // Node has none before version 23.
  return PlatformEvent ? new PlatformEvent('close', told) : Object.assign(new Event('close'), told)
}

/** Returns the event of an error, as `ErrorEvent` has it. */
export function errorEvent(error: unknown): Event {
  return Object.assign(new Event('error'), { error, message: (error as Error | undefined)?.message ?? '' })
}
