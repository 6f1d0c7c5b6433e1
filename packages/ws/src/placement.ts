import type { Credential } from '@reauth/core'

/** What a placement adds to a handshake. */
export interface Placed {
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  /** Of the query: for what works once only. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** Where a credential goes. */
export interface Placement {
  /** Puts it into the handshake. A rejection counts as a connection that failed. */
  readonly handshake?: (credential: Credential, signal: AbortSignal) => Placed | Promise<Placed>
  /** Returns what is sent before anything else. */
  readonly message?: (credential: Credential) => string
  /** Returns whether a message says that the credential was taken; without it, that is assumed. */
  readonly acknowledged?: (event: MessageEvent) => boolean
  /** Returns whether a message asks for the credential again. */
  readonly asked?: (event: MessageEvent) => boolean
  /** Whether the server takes a newer credential on the open connection. */
  readonly repeat?: boolean
  /** Whether it needs headers, which no browser lets a script set. */
  readonly needsHeaders?: boolean
}

export interface FirstMessageOptions {
  /**
   * Returns the message.
   *
   * @default ({ accessToken }) => JSON.stringify({ type: 'auth', token: accessToken })
   */
  encode?: (credential: Credential) => string
  /**
   * Returns whether a message says that the credential was taken. Such a message is not passed on.
   *
   * @default `{"type":"auth.ok"}`, whatever else it has
   */
  acknowledged?: (event: MessageEvent) => boolean
  /**
   * Returns whether a message of the server asks for the credential again. It is not passed on.
   *
   * @default `{"type":"auth.required"}`, whatever else it has
   */
  asked?: (event: MessageEvent) => boolean
  /**
   * Whether each newer credential is sent on the open connection, before the old one lapses.
   *
   * @default true
   */
  repeat?: boolean
}

/** Sends the access token as the first message, and each newer one as a later message. */
export function firstMessage(options: FirstMessageOptions = {}): Placement {
  const {
    encode = ({ accessToken }) => JSON.stringify({ type: 'auth', token: accessToken }),
    acknowledged = isOfType('auth.ok'),
    asked = isOfType('auth.required'),
    repeat = true,
  } = options
  return { message: encode, acknowledged, asked, repeat }
}

function isOfType(type: string): (event: MessageEvent) => boolean {
  return ({ data }: { data: unknown }) => {
    // Asked of every message: what is no short text with that word in it need not be parsed.
    if (typeof data !== 'string' || data.length > 512 || !data.includes(type)) return false
    try {
      return (JSON.parse(data) as { type?: unknown } | null)?.type === type
    } catch {
      return false
    }
  }
}

export interface SubprotocolOptions {
  /** @default 'bearer.' */
  prefix?: string
  /**
   * Makes an access token fit for a subprotocol, which knows no `/` and no `=`.
   *
   * @default as it is
   */
  encode?: (accessToken: string) => string
}

/**
 * Offers the access token as a subprotocol, behind those that the option `protocols` names: the server has to choose one
 * of those. A token that no subprotocol can carry is a `SyntaxError`, as it is with the platform's own.
 */
export function subprotocol({ prefix = 'bearer.', encode = String }: SubprotocolOptions = {}): Placement {
  return {
    handshake: ({ accessToken }) => (accessToken === undefined ? {} : { protocols: [prefix + encode(accessToken)] }),
  }
}

/** Leaves it to the browser, which sends its cookies: the session only sees to it that they are fresh. */
export function cookie(): Placement {
  return {}
}

/** Returns what can be used once, for the query; it is asked for before each connection. */
export type GetTicket = (credential: Credential, signal: AbortSignal) => string | Promise<string>

/** Puts a ticket into the query: the one thing that may stand in a URL, since it is worth nothing afterwards. */
export function ticket(getTicket: GetTicket, { parameter = 'ticket' }: { parameter?: string } = {}): Placement {
  return {
    handshake: async (credential, signal) => ({ parameters: { [parameter]: await getTicket(credential, signal) } }),
  }
}
