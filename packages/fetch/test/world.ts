import { createSession, type Session, type SessionOptions } from '@reauth/core'
import { refreshEndpoint } from '@reauth/fetch'
import { createHarness, type Exchange, type Harness } from '@reauth/testkit'

/** An issuer behind HTTP, and sessions at it. */
export interface World extends Harness {
  /** Returns the address of a path at the issuer, as its clients have it. */
  url(path: string): string
  /** Returns a session at the issuer, which refreshes over HTTP. It is disposed with the world. */
  open(options?: Partial<SessionOptions>): Session
  /** The same, with alice signed in. */
  signIn(options?: Partial<SessionOptions>): Session
  /** The same, with an access token that the issuer has revoked: the first call is refused. */
  signInRefused(options?: Partial<SessionOptions>): Session
  /** What the protected resource got. */
  readonly calls: readonly Exchange[]
  /** What other origins got. */
  readonly strays: readonly Exchange[]
  /** Disposes the sessions; throws if anything is out of order. */
  end(): Promise<void>
}

/** Returns a world whose issuer is reached at an origin. */
export function createWorld(origin?: string, harness: Harness = createHarness()): World {
  const { issuer, clock } = harness
  const at = origin ?? issuer.origin
  const sessions: Session[] = []

  const open: World['open'] = (options) => {
    const session = createSession({
      refresh: refreshEndpoint(`${at}/refresh`),
      origins: [at],
      platform: clock,
      ...options,
    })
    sessions.push(session)
    return session
  }

  function enter(options: Partial<SessionOptions> | undefined, isRefused: boolean): Session {
    const session = open(options)
    const { tokens } = issuer.signIn()
    if (isRefused) issuer.revokeAccessToken(tokens.accessToken)
    void session.signIn(tokens)
    return session
  }

  return {
    ...harness,
    url: (path) => at + path,
    open,
    signIn: (options) => enter(options, false),
    signInRefused: (options) => enter(options, true),
    get calls() {
      return issuer.exchanges.filter(({ kind }) => kind === 'api')
    },
    get strays() {
      return issuer.exchanges.filter(({ kind }) => kind === 'foreign')
    },
    async end() {
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
      await harness.verify()
    },
  }
}
