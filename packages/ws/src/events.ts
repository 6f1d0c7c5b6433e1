import type { Loss } from './loss.ts'

/** That of the platform; Node has none before version 23. */
const PlatformCloseEvent: typeof CloseEvent =
  globalThis.CloseEvent ??
  class extends Event {
    readonly code: number
    readonly reason: string
    readonly wasClean: boolean
    constructor(type: string, { code = 0, reason = '', wasClean = false, ...init }: CloseEventInit = {}) {
      super(type, init)
      this.code = code
      this.reason = reason
      this.wasClean = wasClean
    }
  }

/** Returns the event of an end. */
export function closeEvent({ code = 1006, reason = '', wasClean = false }: Partial<Loss>): CloseEvent {
  return new PlatformCloseEvent('close', { code, reason, wasClean })
}

/** Returns the event of an error, as `ErrorEvent` has it. */
export function errorEvent(error: unknown): Event {
  return Object.assign(new Event('error'), { error, message: (error as Error | undefined)?.message ?? '' })
}
