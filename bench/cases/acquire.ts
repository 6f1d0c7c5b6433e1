import { createSession, memoryStorage, type Session } from '@reauth/core'

import type { Contender } from '../measure.ts'
import { oneByOne } from '../one-by-one.ts'

const calls = 300_000
const tokens = { accessToken: 'A', refreshToken: 'R', expiresInMs: 3_600_000 }
const never = (): Promise<never> => Promise.reject(new Error('Nobody was refused'))

/** Asks for the credential of a fresh session, one call after the other. */
export async function acquireCalls(): Promise<Contender[]> {
  const credential = { epoch: 1, version: 1, accessToken: 'A', tokenType: 'Bearer' }
  const plain = async (): Promise<typeof credential> => credential
  const inMemory = await signedIn(createSession({ refresh: never }))
  const stored = await signedIn(createSession({ refresh: never, storage: memoryStorage() }))
  return [
    { name: 'async function', calls, run: oneByOne(calls, plain) },
    { name: 'acquire', calls, run: oneByOne(calls, () => inMemory.acquire()) },
    { name: 'acquire, with a storage', calls, run: oneByOne(calls, () => stored.acquire()) },
  ]
}

async function signedIn(session: Session): Promise<Session> {
  await session.signIn(tokens)
  return session
}
