import type { Placement } from './placement.ts'

/** Sends `Authorization` with the handshake. */
export function header(): Placement {
  return {
    needsHeaders: true,
    handshake: ({ tokenType, accessToken }) =>
      accessToken === undefined ? {} : { headers: { authorization: `${tokenType} ${accessToken}` } },
  }
}
