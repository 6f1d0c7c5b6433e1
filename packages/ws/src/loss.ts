import type { Credential } from '@reauth/core'

/** What a server said as it refused or closed a connection, as far as this platform tells. */
export interface Answer {
  /** The status of the handshake's answer: in Node, with `ws`. */
  readonly status?: number
  readonly headers?: { get(name: string): string | null }
  /** What that answer said, at most 64 kB of it. */
  readonly body?: string
  /** The close code; 1006 where none came. */
  readonly code?: number
  readonly reason?: string
}

/** How long a connection lives that counts as one that works, whether or not a message comes. */
export const provedMs = 5000

/** How a connection ended, or did not come about. */
export interface Loss extends Answer {
  /** What it had been made with. */
  readonly credential?: Credential | undefined
  readonly isOpened: boolean
  /** Whether it had worked: a message came, or it lived for {@link provedMs}. */
  readonly isProved?: boolean
  /** How long it was at work, in ms. */
  readonly livedMs?: number
  readonly wasClean?: boolean
  /** Whether the other end said nothing any more. */
  readonly isSilent?: boolean
  /** Why it did not come about, where the server has no part in it. */
  readonly cause?: unknown
  /** Whether another try would fail the same way. */
  readonly isMisuse?: boolean
}
