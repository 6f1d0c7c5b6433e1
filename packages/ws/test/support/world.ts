import { createSession, type Session, type SessionOptions } from '@reauth/core'
import { createIssuer, type Issuer, type IssuerOptions } from '@reauth/testkit'
import { test as base } from 'vitest'

import { type Dial, type Refusal, serveSockets, type SocketServer } from './socket-server.ts'

/** An issuer, a server of WebSockets that takes its tokens, and sessions. Time is the machine's. */
export interface World {
  readonly issuer: Issuer
  readonly server: SocketServer
  /** Opens a session, with alice signed in unless `isSignedOut`. */
  open(options?: Partial<SessionOptions> & { isSignedOut?: boolean }): Session
  /** Closes it at the end of the test. */
  closing<Closable extends { close(): void }>(socket: Closable): Closable
  /** A handshake whose token is not good gets a 401. */
  readonly byToken: (dial: Dial) => Refusal | undefined
}

export async function createWorld(options: IssuerOptions = {}): Promise<World & AsyncDisposable> {
  const issuer = createIssuer(options)
  const server = await serveSockets()
  const sessions: Session[] = []
  const closables: { close(): void }[] = []
  return {
    issuer,
    server,
    open({ isSignedOut = false, ...own } = {}) {
      const session = createSession({ refresh: issuer.refresh, origins: [server.origin], ...own })
      sessions.push(session)
      if (!isSignedOut) void session.signIn(issuer.signIn().tokens)
      return session
    },
    closing(socket) {
      closables.push(socket)
      return socket
    },
    byToken: ({ token }) => (issuer.check(token ?? '') === 'ok' ? undefined : { status: 401 }),
    async [Symbol.asyncDispose]() {
      for (const socket of closables) socket.close()
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
      await server[Symbol.asyncDispose]()
    },
  }
}

/** `it` with a world for each test. No token may have been misused when it ends. */
export const it = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  world: async ({}, use) => {
    await using world = await createWorld()
    await use(world)
    if (world.issuer.misuse.length > 0) throw new Error(world.issuer.misuse.join('\n'))
  },
})
