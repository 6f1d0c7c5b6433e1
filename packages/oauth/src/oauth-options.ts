import type { TokenSet, TokenStorage, Trace } from '@reauth/core'
import type { ClientAuth, DPoPHandle } from 'oauth4webapi'

/** The client at its issuer. */
export interface OAuthOptions {
  /** As its metadata names it; they are read from `/.well-known/openid-configuration`. */
  issuer: string | URL
  clientId: string
  /** Where the issuer sends the user back to: a page of yours that calls `handleCallback`. */
  redirectUri: string | URL
  /** @default 'openid offline_access', the latter for a refresh token */
  scope?: string | undefined
  /**
   * What the issuer is to ask the user, whatever it would do by itself.
   *
   * @default 'consent' where the scope has `offline_access` and the issuer lists it: OpenID Connect gives a refresh token
   * for no less
   */
  prompt?: string | undefined
  /** More parameters of the sign-in, as `audience` or `resource`. Ours stay as they are. */
  parameters?: Readonly<Record<string, string>> | undefined
  /** How the client shows who it is; for servers. @default None(), for a public client */
  clientAuth?: ClientAuth | undefined
  /** Binds the tokens to a key: `createDpop()` of `@reauth/oauth/dpop`. Tokens that are not bound are refused. */
  dpop?: DpopKey | undefined
  /** Where a sign-in waits while the user is away. @default `sessionStorage`; memory where there is none */
  storage?: TokenStorage | undefined
  /** What sends; not one of our wrappers. @default the global fetch of the moment */
  fetch?: typeof fetch | undefined
  /** Allows an issuer over plain http, on loopback only. @default false */
  allowInsecureRequests?: boolean | undefined
  /** Takes a warning where something that was put aside is lost. */
  trace?: Trace | undefined
}

/** A key that tokens are bound to (RFC 9449). */
export interface DpopKey {
  /** Rejects with a `RefreshError` where there is no key. */
  handle(): Promise<DPoPHandle>
  /** Has tokens asked for with a proof, once more where the issuer wants a nonce. Refuses those that are not bound. */
  bound(ask: (key: DPoPHandle) => Promise<TokenSet>): Promise<TokenSet>
}
