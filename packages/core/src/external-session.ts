import { abortable } from './abortable.ts'
import { asking } from './asking.ts'
import type { AcquireOptions, Credential } from './credential.ts'
import { type AuthenticationError, isRefreshError, RefreshError } from './errors.ts'
import { limited } from './limited.ts'
import { openSession, type Session } from './open-session.ts'
import { defaultPlatform } from './platform/platform.ts'
import type { SessionOptions } from './session-options.ts'
import { flawOf, type TokenSet } from './token-set.ts'

export interface ExternalSessionOptions extends Omit<SessionOptions, 'refresh' | 'storage' | 'canPersist'> {
  /**
   * Asks the identity SDK for its access token; `forceRefresh` where the last one was refused or is stale. Undefined
   * means that nobody is signed in.
   */
  getToken: (context: { forceRefresh: boolean; signal: AbortSignal }) => Promise<string | TokenSet | undefined>
  /**
   * Returns whether what `getToken` threw means that the user has to sign in.
   *
   * @default nothing does: such an error is `unavailable`, and the session goes on
   */
  isSignInRequired?: ((error: unknown) => boolean) | undefined
}

/**
 * Creates a session over an identity SDK that keeps the tokens itself, such as Auth0's, MSAL, Supabase or Firebase. It is
 * `loading` until the first `acquire`, or somebody waits for `ready`; nothing is stored.
 *
 * Throws a `TypeError` without `getToken`.
 */
export function createExternalSession(options: ExternalSessionOptions): Session {
  const { getToken, isSignInRequired, platform = defaultPlatform, refreshTimeoutMs = 30_000 } = options
  if (typeof getToken !== 'function') throw new TypeError('getToken is missing; pass a function that asks the SDK')
  const lifetime = new AbortController()
  let hasSignedOut = false
  /** Why the SDK did not tell who is signed in, when it was asked last. */
  let trouble: RefreshError | undefined
  let starting: Promise<void> | undefined

  async function ask(forceRefresh: boolean, signal: AbortSignal): Promise<TokenSet | undefined> {
    trouble = undefined
    try {
      const answer = await abortable(getToken({ forceRefresh, signal }), signal)
      return typeof answer === 'string' ? { accessToken: answer } : (answer ?? undefined)
    } catch (cause) {
      trouble = isRefreshError(cause) ? cause : failure(cause)
      throw trouble
    }
  }

  function failure(cause: unknown): RefreshError {
    const reason = isSignInRequired?.(cause) === true ? 'rejected' : 'unavailable'
    return new RefreshError(`The identity SDK gave no token`, { reason, cause })
  }

  const session: Session = openSession(
    {
      ...options,
      storage: undefined,
      refresh: {
        // The SDK knows what was spent; it may be asked again once the user has signed in there.
        spends: false,
        async refresh({ signal }) {
          const tokens = await ask(true, signal)
          if (tokens !== undefined) return tokens
          void session.signOut()
          throw new RefreshError('Nobody is signed in at the identity SDK', { reason: 'rejected' })
        },
      },
    },
    { flawOf, ask: asking(({ signal }) => ask(false, signal)) },
  )

  /** The user may have signed in at the SDK since; a sign-out here is not undone by that. */
  async function look(): Promise<void> {
    try {
      const tokens = await limited({ platform, refreshTimeoutMs, lifetime: lifetime.signal }, (signal) =>
        ask(false, signal),
      )
      if (tokens !== undefined && isOpen()) await session.signIn(tokens)
    } catch {
      // Then nobody is signed in, as far as is known.
    }
  }

  const isOpen = (): boolean => session.state.status === 'signed-out' && !hasSignedOut

  return Object.assign(Object.create(session) as Session, {
    async acquire(asked?: AcquireOptions): Promise<Credential> {
      if (isOpen()) {
        starting ??= look().finally(() => {
          starting = undefined
        })
        await abortable(starting, asked?.signal)
      }
      return session.acquire(asked).catch((error: unknown) => {
        // Who could not be asked is not known to be signed out.
        const isUnknown = isOpen() && (error as AuthenticationError).reason === 'signed-out'
        throw isUnknown && trouble !== undefined && trouble.reason !== 'rejected' ? trouble : error
      })
    },
    signIn(tokens: TokenSet): Promise<void> {
      hasSignedOut = false
      trouble = undefined
      return session.signIn(tokens)
    },
    signOut(): Promise<void> {
      hasSignedOut = true
      return session.signOut()
    },
    async [Symbol.asyncDispose](): Promise<void> {
      lifetime.abort()
      await session[Symbol.asyncDispose]()
    },
  })
}
