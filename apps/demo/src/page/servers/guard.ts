import type { SessionState } from '@reauth/core'

import { type ChatServer, chatServers } from '../../contract.ts'

/** What a place asks for before it is shown. */
export type Guarded = { kind: 'open' } | { kind: 'sign-in'; server: ChatServer } | { kind: 'nobody' }

/**
 * Says what stands before a place: nothing before a public one, its own sign-in before that of a server that is not
 * active, and otherwise the question whether anybody is signed in at all.
 */
export function guard(path: string, stateOf: (server: ChatServer) => SessionState['status']): Guarded {
  const server = serverIn(path)
  if (server !== undefined) return stateOf(server) === 'active' ? { kind: 'open' } : { kind: 'sign-in', server }
  if (path !== '/servers/all') return { kind: 'open' }
  return chatServers.some((one) => stateOf(one) === 'active') ? { kind: 'open' } : { kind: 'nobody' }
}

/** The server that a place belongs to. */
export function serverIn(path: string): ChatServer | undefined {
  const name = /^\/servers\/(\w+)/.exec(path)?.[1]
  return chatServers.find((server) => server === name)
}
