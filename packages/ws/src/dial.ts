import type { Live } from '@reauth/core'

import { liveCredential } from './credential.ts'
import { type Line, type LineOptions, openLine } from './line.ts'
import type { Loss } from './loss.ts'

/** Makes a connection, with a fresh credential. Never rejects. The connection lives until the signal aborts. */
export async function dial(options: LineOptions, signal: AbortSignal, isAnonymous = false): Promise<Line | Loss> {
  let live: Partial<Live>
  try {
    live = await liveCredential(options.source, isAnonymous, signal)
    signal.throwIfAborted()
  } catch (cause) {
    return { isOpened: false, cause }
  }
  return openLine(options, live, signal)
}
