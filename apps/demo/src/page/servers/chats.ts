import { createSession, createSessions, indexedDbStorage, parseTokenResponse, type Session } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { createOAuth } from '@reauth/oauth'

import { type ChatServer, type ChatSignIn, paths } from '../../contract.ts'
import { record } from '../activity/trace-log.ts'
import { inspected, via } from '../activity/via.ts'
import { facts, originOf } from '../facts.ts'

/** One session for each chat server. */
export const chats: ReturnType<typeof createSessions> = createSessions((server) =>
  createSession({
    name: `chat-${server}`,
    refresh: refreshAt(server as ChatServer),
    origins: [originOf(server as ChatServer)],
    issuer: originOf(server as ChatServer),
    storage: indexedDbStorage(),
    trace: record,
  }),
)

/** How a chat server renews its tokens: it is an issuer of its own. */
export function refreshAt(server: ChatServer): ReturnType<typeof createOAuth>['refresh'] {
  return createOAuth({
    issuer: originOf(server),
    clientId: facts.clientId,
    redirectUri: `${location.origin}/`,
    allowInsecureRequests: true,
    fetch: inspected('session'),
    trace: record,
  }).refresh
}

/** A chat server, and whoever is signed in there. */
export interface Chat {
  readonly server: ChatServer
  readonly session: Session
  /** `fetch` that stays signed in there. */
  readonly api: typeof fetch
}

/** Opens the chat at a server. */
export function openChat(server: ChatServer): Chat {
  const session = chats.open(server)
  return { server, session, api: createFetch(via('fetch', session), { fetch: inspected('fetch') }) }
}

/** Signs in at a chat server, without leaving the page. */
export async function signInAt(server: ChatServer, session: Session, person = 'ada'): Promise<void> {
  const response = await fetch(`${originOf(server)}${paths.chatSignIn}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ person } satisfies ChatSignIn),
  })
  if (!response.ok) throw new Error(`${server} answered ${response.status}`)
  await session.signIn({ ...parseTokenResponse(await response.json()), identity: `${originOf(server)}#${person}` })
}
