import type { Disposer } from '@reauth/core'

import { callAt } from './call-at.ts'

/** What of a server's socket is needed: that of `ws` has it, and most others. */
export interface ServerSocket {
  close(code?: number, reason?: string): void
  addEventListener(type: 'close', listener: () => void): void
}

export interface CloseAtExpiryOptions {
  /** @default 4401 */
  code?: number
  /** @default 'token_expired' */
  reason?: string
}

/** What a socket may be told of a newer credential. */
export type ExpiryGuard = Disposer & { update(expiresAt: number | undefined): void }

/**
 * Closes a socket when its token lapses, as nothing else would: a token is looked at when a connection is made, and never
 * again. `expiresAt` is in epoch ms.
 */
export function closeAtExpiry(
  socket: ServerSocket,
  expiresAt: number | undefined,
  { code = 4401, reason = 'token_expired' }: CloseAtExpiryOptions = {},
): ExpiryGuard {
  let cancel: (() => void) | undefined
  let isOver = false

  function update(until: number | undefined): void {
    cancel?.()
    if (until === undefined || isOver) return
    cancel = callAt(until, () => {
      socket.close(code, reason)
    })
  }

  const stop = (): void => {
    isOver = true
    cancel?.()
  }
  socket.addEventListener('close', stop)
  update(expiresAt)
  return Object.assign(stop, { [Symbol.dispose]: stop, update })
}
