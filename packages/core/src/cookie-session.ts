import { asking } from './asking.ts'
import { openSession, type Session } from './open-session.ts'
import type { SessionOptions } from './session-options.ts'
import type { TokenStorage } from './storage.ts'
import type { RefreshContext } from './strategies.ts'
import { flawOf, type TokenSet } from './token-set.ts'

/** What a page may know of a cookie that it cannot read. */
export interface CookieGrant {
  /** The lifetime in ms, from receipt. */
  expiresInMs?: number | undefined
  /** When it lapses, in epoch ms. */
  expiresAt?: number | undefined
  /** Whose it is. */
  identity?: string | undefined
}

export interface CookieSessionOptions extends Omit<SessionOptions, 'refresh'> {
  /** Has the server renew the cookie. Throws as any `Refresh` does; an answer may say nothing. */
  refresh: (context: RefreshContext) => Promise<CookieGrant | undefined | void>
  /**
   * Finds out whether the browser holds a session, where nothing is known: once, not after a sign-out. Undefined, or
   * anything thrown, means that nobody is signed in.
   */
  restore?: ((context: { signal: AbortSignal }) => Promise<CookieGrant | undefined>) | undefined
}

export interface CookieSession extends Omit<Session, 'signIn'> {
  /** Says that the server has set the cookie. */
  signIn(grant?: CookieGrant): Promise<void>
}

/**
 * Creates a session whose token is in an HttpOnly cookie, out of reach of any script: what is stored is who is signed in
 * and until when, in `localStorage` by default, so that tabs and reloads agree. Throws a `TypeError` for options that
 * cannot work.
 */
export function createCookieSession(options: CookieSessionOptions): CookieSession {
  const { refresh, restore, storage = pageStorage() } = options
  if (typeof refresh !== 'function') {
    throw new TypeError('refresh is missing; pass a function that has the server renew the cookie')
  }
  const session = openSession(
    { ...options, storage, refresh: async (context) => grantOf((await refresh(context)) ?? {}) },
    {
      flawOf: (tokens) => flawOf(tokens, true),
      ask:
        restore &&
        asking(async (context) => {
          const grant = await restore(context)
          return grant && grantOf(grant)
        }),
    },
  )
  const { signIn } = session
  return Object.assign(Object.create(session) as Session, { signIn: (grant = {}) => signIn(grantOf(grant)) })
}

/** Tokens that came along are nobody's business here. */
function grantOf({ expiresInMs, expiresAt, identity }: CookieGrant): TokenSet {
  return {
    ...(expiresInMs !== undefined && { expiresInMs }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(identity !== undefined && identity !== null && { identity }),
  }
}

function pageStorage(): TokenStorage | undefined {
  try {
    return typeof addEventListener === 'function' ? (localStorage as TokenStorage) : undefined
  } catch {
    return undefined
  }
}
