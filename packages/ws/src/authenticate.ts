import { callAt } from './call-at.ts'
import { closeAtExpiry, type ExpiryGuard, type ServerSocket } from './close-at-expiry.ts'

/** Whose token it is, and until when. */
export interface Verified {
  /** In epoch ms; without it the socket is never closed for its age. */
  expiresAt?: number | undefined
  identity?: string | undefined
}

/** What of a server's socket is needed: that of `ws` has it. */
export interface AuthenticatedSocket extends ServerSocket {
  send(data: string): void
  addEventListener(type: 'close', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export interface AuthenticateOptions {
  /** Looks at a token. A rejection refuses it. */
  verify(token: string): Promise<Verified>
  /**
   * How long the first message may take, in ms.
   *
   * @default 10_000
   */
  timeoutMs?: number
  /**
   * How long before the token lapses the client is asked for a newer one, in ms.
   *
   * @default it is not asked; clients of `@reauth/ws` send one by themselves
   */
  askAheadMs?: number
  /** Called for each later token that was taken. */
  onRenewed?(verified: Verified): void
}

/**
 * Takes the access token from the first message of a socket, and each newer one from a later message; closes it when the
 * last one lapses. Whoever listens to the socket's messages gets those, too, and passes over them by their `type`.
 *
 * A token that is refused, or none in time, closes with 4401; one of another identity with 4403. Rejects where the first
 * one was not taken.
 */
export function authenticate(socket: AuthenticatedSocket, options: AuthenticateOptions): Promise<Verified> {
  const { verify, timeoutMs = 10_000, askAheadMs, onRenewed } = options
  return new Promise((resolve, reject) => {
    let current: { readonly verified: Verified; readonly guard: ExpiryGuard } | undefined
    let cancelAsking: (() => void) | undefined
    /** The last token counts, however long the others take to verify. */
    let tokens = 0
    let isOver = false

    const timer = setTimeout(() => {
      refuse(4401, 'token_missing')
    }, timeoutMs)
    socket.addEventListener('close', () => {
      end(new Error('The socket was closed before it was authenticated'))
    })
    socket.addEventListener('message', ({ data }) => {
      if (isOver) return
      const token = tokenOf(data)
      if (token !== undefined) void take(token, ++tokens)
      else if (tokens === 0) refuse(4401, 'token_missing')
    })

    async function take(token: string, ordinal: number): Promise<void> {
      let verified: Verified
      let expiresAt: number | undefined
      let identity: string | undefined
      try {
        verified = await verify(token)
        // An answer that is none is no approval.
        ;({ expiresAt, identity } = verified)
      } catch (cause) {
        if (!isOver && ordinal === tokens) refuse(4401, 'token_refused', cause)
        return
      }
      if (isOver || ordinal !== tokens) return
      if (current === undefined) clearTimeout(timer)
      else if (current.verified.identity !== identity) return refuse(4403, 'other_identity')
      const guard = current?.guard ?? closeAtExpiry(socket, undefined)
      const isFirst = current === undefined
      current = { verified, guard }
      guard.update(expiresAt)
      ask(expiresAt)
      socket.send(JSON.stringify({ type: 'auth.ok', expiresAt }))
      if (isFirst) resolve(verified)
      else onRenewed?.(verified)
    }

    function ask(expiresAt: number | undefined): void {
      cancelAsking?.()
      if (expiresAt === undefined || askAheadMs === undefined) return
      cancelAsking = callAt(expiresAt - askAheadMs, () => {
        socket.send(JSON.stringify({ type: 'auth.required' }))
      })
    }

    function refuse(code: number, reason: string, cause?: unknown): void {
      end(new Error(`The socket was not authenticated: ${reason}`, { cause }))
      socket.close(code, reason)
    }

    function end(error: Error): void {
      isOver = true
      clearTimeout(timer)
      cancelAsking?.()
      reject(error)
    }
  })
}

/** Returns the token of `{ "type": "auth", "token": … }`; undefined for everything else. */
function tokenOf(data: unknown): string | undefined {
  if (typeof data !== 'string' || !data.includes('"auth"')) return undefined
  try {
    const { type, token } = JSON.parse(data) as { type?: unknown; token?: unknown }
    return type === 'auth' && typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}
