import type { ErrorData, EventData, members, StateData, Taken } from './remote-codec.ts'
import type { SessionEvents } from './session-events.ts'

/** Both ends have to speak the same one. */
export const protocolVersion = 1

type CredentialData = Taken<typeof members.credential>

/** What has an answer. */
export type Request =
  | {
      readonly type: 'acquire'
      readonly refused?: CredentialData
      readonly final?: boolean
      readonly minValidityMs?: number
    }
  | { readonly type: 'refresh' }
  | { readonly type: 'signIn'; readonly tokens: Taken<typeof members.tokens> }
  | { readonly type: 'signOut' }

/** What the end without the tokens says. Requests are numbered upwards. */
export type FarMessage =
  | { readonly type: 'hello' | 'bye' | 'expire' }
  | (Request & { readonly call: number })
  /** Nobody waits for this answer any more. */
  | { readonly type: 'abandon'; readonly call: number }
  | {
      readonly type: 'hold'
      readonly hold: number
      readonly refreshAheadMs?: number
      /** The sign-in that it is meant for, if there was one, and the last version that it knows of. */
      readonly epoch?: number
      readonly version: number
    }
  | { readonly type: 'release'; readonly hold: number }
  /** The owner watches the clock only for those who listen to that. */
  | { readonly type: 'expiring'; readonly isHeard: boolean }
  | { readonly type: 'trace'; readonly entry: Taken<typeof members.entry> }

/** What the end that owns the tokens says. */
export type OwnerMessage =
  /** To all at the port: it listens now, so say hello (again); it listens no more. */
  | { readonly type: 'here' | 'bye' }
  | {
      readonly type: 'state'
      readonly state: StateData
      /** Why an active period ended on the way to this state. */
      readonly ended?: ErrorData
      /** The number of the last sign-out request that this state knows of. */
      readonly signOut: number
      /** In the answer to a hello: where credentials may go. */
      readonly origins?: readonly string[]
    }
  | { readonly type: 'answer'; readonly call: number; readonly credential?: CredentialData; readonly error?: ErrorData }
  | { readonly type: 'event'; readonly name: keyof SessionEvents; readonly event: EventData }
  | { readonly type: 'credential'; readonly hold: number; readonly credential: CredentialData }

/** A message as it came: its type is all that is known of it. */
export type Received<Message> = Message extends { readonly type: infer Type }
  ? { readonly type: Type } & { readonly [Member in Exclude<keyof Message, 'type'>]?: unknown }
  : never

export interface Opened<Message> {
  readonly version: number
  /** The name that the far end gave to its connection, so that several can share a port. */
  readonly link: unknown
  readonly message: Received<Message>
}

/** Marks a message as one of this protocol. */
export function sealed(message: FarMessage | OwnerMessage, link?: string): object {
  return { reauth: protocolVersion, ...(link !== undefined && { link }), ...message }
}

/** Returns a message of this protocol, of whichever version; undefined for other traffic on the port. */
export function opened<Message>(data: unknown): Opened<Message> | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { reauth: version, link, ...message } = data as { reauth?: unknown; link?: unknown }
  return typeof version === 'number' ? { version, link, message: message as Received<Message> } : undefined
}
