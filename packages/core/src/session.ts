import { openSession, type Session } from './open-session.ts'
import type { SessionOptions } from './session-options.ts'
import { flawOf } from './token-set.ts'

export type { Session } from './open-session.ts'

/** Creates a session. Throws a `TypeError` for options that cannot work. */
export function createSession(options: SessionOptions): Session {
  return openSession(options, { flawOf })
}
