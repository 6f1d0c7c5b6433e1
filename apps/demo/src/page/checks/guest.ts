import { createSession, memoryStorage, type Session, type SessionOptions } from '@reauth/core'
import { createFetch } from '@reauth/fetch'

import { chatServers } from '../../contract.ts'
import { record } from '../activity/trace-log.ts'
import { inspected, via } from '../activity/via.ts'
import { originOf } from '../facts.ts'
import { refreshAt, signInAt } from '../servers/chats.ts'

/** A session of its own at a chat server, to be spoilt: the user's stays as it is. */
export interface Guest {
  readonly session: Session
  readonly api: typeof fetch
}

/** Signs a guest in for the time of a task. */
export async function withGuest<Result>(
  options: Pick<SessionOptions, 'expireWhenRefused'>,
  task: (guest: Guest) => Promise<Result>,
): Promise<Result> {
  const session = createSession({
    ...options,
    name: 'guest',
    refresh: refreshAt('north'),
    storage: memoryStorage(),
    origins: chatServers.map(originOf),
    trace: record,
  })
  try {
    await signInAt('north', session, 'grace')
    return await task({ session, api: createFetch(via('fetch', session), { fetch: inspected('fetch') }) })
  } finally {
    await session[Symbol.asyncDispose]()
  }
}
