import type { SessionState } from '@reauth/core'

import { type ChatServer, chatServers } from '../../contract.ts'

/** What a place asks for before it is shown. */
export type Guarded =
  | { kind: 'open' }
  | { kind: 'loading' }
  | { kind: 'sign-in'; server: ChatServer }
  | { kind: 'nobody' }

/** The place for whoever is signed in anywhere. */
export const everywhere = '/servers/all'

/**
 * Says what stands before a place: nothing before a public one, its own sign-in before that of a server that is not
 * active, and otherwise the question whether anybody is signed in at all.
 */
export function guard(path: string, stateOf: (server: ChatServer) => SessionState['status']): Guarded {
  const server = serverIn(path)
  if (server !== undefined) {
    const status = stateOf(server)
    if (status === 'loading') return { kind: 'loading' }
    return status === 'active' ? { kind: 'open' } : { kind: 'sign-in', server }
  }
  if (path !== everywhere) return { kind: 'open' }
  const statuses = chatServers.map(stateOf)
  if (statuses.includes('active')) return { kind: 'open' }
  return { kind: statuses.includes('loading') ? 'loading' : 'nobody' }
}

/** The server that a place belongs to. */
export function serverIn(path: string): ChatServer | undefined {
  const name = /^\/servers\/(\w+)/.exec(path)?.[1]
  return chatServers.find((server) => server === name)
}
