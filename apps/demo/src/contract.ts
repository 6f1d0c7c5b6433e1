/**
 * What the page and the servers agree on: where things are, what goes over the wire, and what the servers count. All of
 * it is on loopback, each server on a port of its own: browsers open six connections to one, and a stream keeps its own.
 */

/** Servers of the demo beside that of the page, which carries the files, `/api`, `/admin` and `/session`. */
export type ServiceName = 'live' | 'llm' | 'media' | ChatServer
export const services: readonly ServiceName[] = ['live', 'llm', 'media', 'north', 'south']

/** The two chat servers. Each is an issuer of its own: its tokens are worth nothing anywhere else. */
export type ChatServer = 'north' | 'south'
export const chatServers: readonly ChatServer[] = ['north', 'south']

/**
 * What stands in the page's head, as `<meta name="demo:…">`: the issuer's address, the client id that the page has at
 * all issuers, and the origin of each service.
 */
export type FactName = 'issuer' | 'client' | ServiceName

/**
 * Credentials, where a server takes them:
 *
 * - `Authorization: Bearer …`: everywhere. The only one at `/api`, `llm` and the chat servers.
 * - The session cookie ({@link paths.cookie}): `live` and `media`. One cookie for both, since cookies know no ports.
 * - A ticket ({@link paths.ticket}) in the query, as {@link parameters.ticket}: `live` and `media`, as often as it likes.
 * - A subprotocol, `bearer.` and the access token, behind {@link feedProtocol}: `/feed/closing`.
 * - A first message, `{ type: 'auth', token }`: `/feed/in-band`, and nothing else there.
 *
 * Cookie and ticket are worth as much as the access token that they were had with, and die with it, also when it is
 * revoked. No credential, or a dead one: 401. A scope that is missing, or {@link Settings.deny}: 403. `live`, `llm`,
 * `media` and the chat servers let the page's origin in, with credentials (CORS).
 */
export const paths = {
  /** At the page's origin. */

  /** GET → {@link Work}. Needs a token. */
  work: '/api/work',
  /** GET → 403, always: no token of the demo has its scope. */
  vault: '/api/vault',
  /** Any method, any body → {@link Echo}. Needs a token. */
  echo: '/api/echo',
  /** POST, any body, as slow as one likes → {@link Uploaded}. Needs a token at the beginning, and at the end (401). */
  upload: '/api/upload',
  /** POST {@link WorkspaceOrder} → {@link Workspace}, status 201. GET, with `/` and an id → {@link Workspace}. Needs a token. */
  workspaces: '/api/workspaces',
  /** POST with a token → 204, and sets the session cookie (HttpOnly, SameSite=Strict). DELETE → 204, and drops it. */
  cookie: '/api/cookie',
  /** POST with a token → {@link Ticket}. */
  ticket: '/api/ticket',

  /** GET, a navigation: signs in at the issuer, the broker being the client, and comes back to {@link parameters.returnTo}. */
  brokerSignIn: '/session/sign-in',
  /**
   * POST {@link BrokerRequest}, or nothing → {@link BrokerAnswer}, and sets the session cookie anew. By the broker's cookie
   * (HttpOnly, SameSite=Strict), and from the page only (`Sec-Fetch-Site`, `Origin`). 401: nobody is signed in here, or not
   * any more; 502: no answer of the issuer just now, the record is as it was.
   */
  brokerSession: '/session',
  /** POST → 204: forgets the record and the cookie, and revokes the tokens. */
  brokerSignOut: '/session/sign-out',

  /** At `live`. */

  /** WebSocket. Token in the handshake: cookie, ticket or subprotocol. Closes 4401 when it ends. */
  feedClosing: '/feed/closing',
  /** WebSocket. Token in the first message; asks for the next one in band (`auth.required`), and closes 4401 without. */
  feedInBand: '/feed/in-band',
  /** GET, `text/event-stream`: {@link Tick}s with ids. Goes on after `Last-Event-ID`. Cuts when the token ends. */
  ticks: '/ticks',

  /** At `llm`. POST {@link CompletionRequest} → `text/event-stream` of {@link CompletionPart}s, then `[DONE]`. Looks at the token once. */
  completions: '/v1/completions',

  /** At `media`. GET → {@link Playlist}. Public. */
  playlist: '/playlist.json',
  /** At `media`. GET and HEAD, with `/` and the file of a {@link Track} → `audio/wav`. Ranges. Needs a cookie, a ticket or a token. */
  tracks: '/tracks',
  /** At `media`. The same files, for everybody. */
  publicTracks: '/public',

  /** At a chat server. */

  /** POST {@link ChatSignIn} → tokens (RFC 6749, with `sub`). From the page only. Refreshed at its token endpoint, as at any issuer. */
  chatSignIn: '/sign-in',
  /** GET → {@link Profile}. Needs that server's token, as do all below. */
  chatProfile: '/api/profile',
  /** GET → {@link ChatMessage}[], oldest first. POST {@link ChatPost} → {@link ChatMessage}, status 201. */
  chatMessages: '/api/messages',

  /** At the page's origin, and from the page only; POST takes and gives JSON. Errors are `{ error }`. */

  /** GET, `text/event-stream` of {@link Counters}: at once, then after each change, at most 20 a second. */
  counters: '/admin/counters',
  /** GET → {@link Settings}. POST Partial<Settings> → {@link Settings}. */
  settings: '/admin/settings',
  /** POST {@link AtIssuer}, or nothing → {@link Revoked}. All access tokens of an issuer. */
  revokeAccessToken: '/admin/revoke-access-token',
  /** POST {@link AtIssuer}, or nothing → {@link Revoked}. All refresh tokens of an issuer. */
  revokeRefreshToken: '/admin/revoke-refresh-token',
  /** POST {@link AtIssuer}, or nothing → {@link Replayed}. A thief uses each refresh token twice: the issuer sees it, and ends the grants. */
  replay: '/admin/replay',
  /** POST {@link SiblingRequest}, or nothing → {@link Siblings}. Everybody who is signed in signs in elsewhere, too. */
  siblings: '/admin/siblings',
  /** POST {@link RestartRequest} → {@link Restarted}, when it is up again on the same port. */
  restart: '/admin/restart',
} as const

/** Names in a query. */
export const parameters = {
  ticket: 'ticket',
  /** `bare`: counted under {@link Counters.bare}, for what the page shows beside reauth. */
  by: 'by',
  /** Of {@link paths.brokerSignIn}: a path of the page. */
  returnTo: 'return-to',
  /** Of {@link paths.ticks} and the feeds: ms between two, from 20. @default 500 */
  every: 'every',
} as const

/** The subprotocol that both feeds speak. */
export const feedProtocol = 'demo.feed'

/** What can be set while it all runs. Nothing of it outlives the process. */
export interface Settings {
  /** Lifetime of access tokens that are issued from now on, at all issuers. From 1 to 86 400. */
  readonly accessTokenSeconds: number
  /** Live access tokens a person may have at the main issuer; the oldest are pushed out. */
  readonly tokenCap: number
  /** Slow issuer: how long the main issuer's token endpoint waits before it looks at a request, in ms, up to 60 000. */
  readonly issuerDelayMs: number
  /** Lost answer: how many of the next answers of the main issuer's token endpoint are dropped, after the grant was made. Counts down. */
  readonly lostAnswers: number
  /** How long a refresh token that was used may be used again, in seconds: what makes up for lost answers. 0 is strict. */
  readonly graceSeconds: number
  /** Captive portal: whether the main issuer's token endpoint answers with a page, 200 and HTML. */
  readonly captivePortal: boolean
  /** Whether `/api`, `live`, `llm` and `media` answer 403 to whoever is signed in. */
  readonly deny: boolean
  /** The track, by its file, that is served as noise, if any. */
  readonly corruptTrack: string | null
}

/** As the demo starts, but for `ACCESS_TOKEN_SECONDS`. */
export const defaultSettings: Settings = {
  accessTokenSeconds: 20,
  tokenCap: 5,
  issuerDelayMs: 0,
  lostAnswers: 0,
  graceSeconds: 0,
  captivePortal: false,
  deny: false,
  corruptTrack: null,
}

/** The main issuer, or a chat server. */
export type IssuerName = 'main' | ChatServer
export interface AtIssuer {
  /** @default 'main' */
  readonly issuer?: IssuerName
}
export interface Revoked {
  /** How many were alive. */
  readonly revoked: number
}
export interface Replayed {
  /** How many grants ended. */
  readonly replayed: number
}
export interface SiblingRequest {
  /** How many devices, from 1 to 20. @default 5 */
  readonly count?: number
}
export interface Siblings {
  readonly signedIn: number
  /** Tokens that fell out of the cap. */
  readonly pushedOut: number
}
export interface RestartRequest {
  readonly service: ServiceName
  /** How long it stays away, in ms, up to 60 000. @default 500 */
  readonly downMs?: number
}
export interface Restarted {
  /** Connections that were cut. */
  readonly cut: number
}

/** Answer of {@link paths.work}. */
export interface Work {
  readonly name: string
}
export interface Echo {
  readonly method: string
  /** The request's headers, but for credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as text, up to 64 kB. */
  readonly body: string
}
export interface Uploaded {
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}
export interface WorkspaceOrder {
  /** How long it waits in a queue, and then how long it takes, in ms. @default 0 and 10 000 */
  readonly queuedMs?: number
  readonly provisioningMs?: number
  /** How it ends. @default 'ready' */
  readonly outcome?: 'ready' | 'failed'
}
export interface Workspace {
  readonly id: string
  readonly status: 'queued' | 'provisioning' | 'ready' | 'failed'
  /** Place in the queue, while there is one. */
  readonly position?: number
  /** The workspace's address, once it is ready. */
  readonly value?: string
}
export interface Ticket {
  readonly ticket: string
}

/** What the page may tell the broker. */
export interface BrokerRequest {
  /** The access token that a server refused. The broker refreshes if it is still the one it holds. */
  readonly refused?: string
}
/** What the broker tells the page, in the shape of a token endpoint (RFC 6749, section 5.1), without a refresh token. */
export interface BrokerAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** What is left of its life, in seconds. */
  readonly expires_in: number
  /** The issuer and, after `#`, the subject: as a session's `identity`. */
  readonly identity: string
}

/** What a feed sends. Numbers of ticks are the same on all connections, and go on over a restart of `live`. */
export type FeedMessage =
  | { readonly type: 'tick'; readonly number: number; readonly at: number }
  /** To each `say`, in order. */
  | { readonly type: 'said'; readonly text: string }
  /** In band only: a token was taken, and lasts until then (epoch ms). */
  | { readonly type: 'auth.ok'; readonly expiresAt?: number }
  /** In band only: another one, please. */
  | { readonly type: 'auth.required' }
/** What a feed takes, besides `{ type: 'auth', token }`. */
export interface FeedRequest {
  readonly type: 'say'
  readonly text: string
}

/** Data of an event of {@link paths.ticks}. Its number is its id. Without `Last-Event-ID` the first one is the newest. */
export interface Tick {
  readonly number: number
  /** When it fell due, in epoch ms. */
  readonly at: number
}

export interface CompletionRequest {
  readonly prompt: string
  /** How many parts, up to 10 000. @default 240 */
  readonly parts?: number
  /** ms between two, from 1. @default 250 */
  readonly everyMs?: number
}
/** Data of an event of {@link paths.completions}, but for the last, `[DONE]`. Its index is its id. */
export interface CompletionPart {
  readonly index: number
  readonly text: string
}

export interface Track {
  /** Below {@link paths.tracks}, as `tone-1.wav`. */
  readonly file: string
  readonly title: string
  readonly seconds: number
}
export interface Playlist {
  readonly tracks: readonly Track[]
}

export interface ChatSignIn {
  /** An account, as `ada`. */
  readonly person: string
}
export interface Profile {
  readonly id: string
  readonly name: string
}
export interface ChatPost {
  readonly text: string
}
export interface ChatMessage {
  readonly id: number
  readonly from: string
  readonly text: string
  readonly at: number
}

/** Everybody who has an account, at all issuers. */
export const people: readonly Profile[] = [
  { id: 'ada', name: 'Ada Lovelace' },
  { id: 'grace', name: 'Grace Hopper' },
]

/** What an issuer saw. */
export interface IssuerCounters {
  /** Requests to the token endpoint, whatever the answer. */
  readonly tokenPosts: number
  /** Authorization codes exchanged for tokens; at a chat server, its sign-ins. */
  readonly codeExchanges: number
  /** Refresh grants that were answered with a new token set. */
  readonly refreshes: number
  /** Refresh grants that were refused. */
  readonly refreshesRefused: number
  /** Refresh tokens that came a second time. The issuer ends the whole grant for it. */
  readonly reuseDetected: number
}

/** What the API and the services saw. */
export interface TransportCounters {
  /** API calls answered with 2xx, 401, 403. */
  readonly apiOk: number
  readonly apiUnauthorized: number
  readonly apiDenied: number
  /** Sockets taken; in band, those whose first token was taken. */
  readonly feedOpened: number
  /** Handshakes answered with 401, and first messages without a good token. */
  readonly feedRefused: number
  readonly feedDenied: number
  /** Sockets that the server closed with 4401 when their token ended. */
  readonly feedExpired: number
  /** Newer tokens that were taken in band. */
  readonly feedRenewed: number
  /** Messages said. */
  readonly feedSaid: number
  /** Tick streams opened, refused (401), denied (403), and cut when their token ended. */
  readonly ticksOpened: number
  readonly ticksRefused: number
  readonly ticksDenied: number
  readonly ticksExpired: number
  /** Of those opened, the ones that said where to go on. */
  readonly ticksResumed: number
  /** Completions begun, refused (401), denied (403), and told to the end. */
  readonly completionsBegun: number
  readonly completionsRefused: number
  readonly completionsDenied: number
  readonly completionsDone: number
  /** Requests for tracks answered with 200 or 206, those with 206, refused (401), denied (403). */
  readonly mediaServed: number
  readonly mediaRanges: number
  readonly mediaRefused: number
  readonly mediaDenied: number
}

/** What the broker saw. */
export interface BrokerCounters {
  /** POST /session, whatever the answer. */
  readonly requests: number
  /** Answered 401, 403 (another site) and 502. */
  readonly unauthorized: number
  readonly foreign: number
  readonly unavailable: number
  /** Refreshes at the issuer, by a name for the record that opens nothing. */
  readonly refreshesByKey: Readonly<Record<string, number>>
  /** Keys whose lock somebody holds or waits for, as of the last request. */
  readonly locks: number
}

/** What a chat server saw, as an issuer and as an API. */
export interface ChatCounters extends IssuerCounters {
  readonly ok: number
  readonly unauthorized: number
}

/**
 * What the servers saw since they started. Only they can say how often a token was really refreshed. The flat ones are
 * the main issuer's, and those of requests without `by=bare`.
 */
export interface Counters extends IssuerCounters, TransportCounters {
  readonly bare: TransportCounters
  readonly broker: BrokerCounters
  readonly chat: Readonly<Record<ChatServer, ChatCounters>>
  /** Session cookies set and tickets given. */
  readonly cookies: number
  readonly tickets: number
  /** Uploads that came to their end. */
  readonly uploads: number
  /** Looks at a workspace. */
  readonly workspacePolls: number
  /** Access tokens that fell out of the cap. */
  readonly pushedOut: number
  /** Answers of the token endpoint that were dropped, and that were a portal's page. */
  readonly lostAnswers: number
  readonly portalPages: number
  readonly restarts: number
}
