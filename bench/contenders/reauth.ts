import { createSession, type Session } from '@reauth/core'

import type { GetToken } from './hand-written.ts'

/** A session that is signed in, for tokens that live for an hour. */
export function signedIn(getToken: GetToken): Session {
  const session = createSession({
    origins: ['https://api.test'],
    refresh: async () => ({ accessToken: await getToken(), expiresInMs: 3_600_000 }),
  })
  void session.signIn({ accessToken: 'a1', refreshToken: 'r1', expiresInMs: 3_600_000 })
  return session
}
