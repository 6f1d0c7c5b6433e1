import {
  type AuthenticationError,
  createSession,
  type Credential,
  type CredentialSource,
  type Disposer,
  isReauthError,
  type Refresh,
  type RefreshError,
  type Session,
  type SessionEvents,
  type SessionState,
  type TokenSet,
} from '@reauth/core'
import { expectTypeOf, test } from 'vitest'

const refresh: Refresh = async () => ({ accessToken: 'A' })
const session = createSession({ refresh })

test('a switch over the states is checked to be complete (D11)', () => {
  const complete = (state: SessionState): string => {
    switch (state.status) {
      case 'loading':
      case 'signed-out':
        return 'nobody'
      case 'active':
        return `version ${state.version}`
      case 'expired':
        return state.error.reason
      default:
        return state satisfies never
    }
  }
  const forgetful = (state: SessionState): string => {
    switch (state.status) {
      case 'loading':
      case 'signed-out':
        return 'nobody'
      case 'active':
        return `version ${state.version}`
      default:
        // @ts-expect-error expired is forgotten
        return state satisfies never
    }
  }
  // @ts-expect-error a function that returns nothing for a state it forgets
  const silent = (state: SessionState): string => {
    switch (state.status) {
      case 'loading':
      case 'active':
      case 'expired':
        return state.status
    }
  }
  expectTypeOf([complete, forgetful, silent]).items.returns.toBeString()
})

test('a state has what its status says, and no token', () => {
  type Active = Extract<SessionState, { status: 'active' }>
  type Expired = Extract<SessionState, { status: 'expired' }>
  expectTypeOf<SessionState['status']>().toEqualTypeOf<'loading' | 'signed-out' | 'active' | 'expired'>()
  expectTypeOf<keyof Active>().toEqualTypeOf<'status' | 'epoch' | 'version' | 'identity' | 'expiresAt'>()
  expectTypeOf<keyof Expired>().toEqualTypeOf<'status' | 'epoch' | 'version' | 'identity' | 'error'>()
  expectTypeOf<Expired['error']>().toEqualTypeOf<AuthenticationError>()
  // @ts-expect-error the version is of a session that is signed in
  void session.state.version
})

test('options', () => {
  // @ts-expect-error refresh is missing
  createSession({})
  // @ts-expect-error there is no such option
  createSession({ refresh, refreshTimeout: 5 })
  // @ts-expect-error a duration is a number of milliseconds
  createSession({ refresh, leewayMs: '30 s' })
  // @ts-expect-error origins are a list or a function
  createSession({ refresh, origins: 'https://api.example.com' })
  createSession({ refresh: [refresh, { refresh, spends: false }], origins: (url) => url.toString() !== '' })
})

test('a session is a source', () => {
  expectTypeOf<Session>().toExtend<CredentialSource>()
  expectTypeOf(session.acquire).parameter(0).exclude<undefined>().toHaveProperty('refused')
  expectTypeOf(session.acquire()).resolves.toEqualTypeOf<Credential>()
  expectTypeOf(session.refresh()).resolves.toEqualTypeOf<Credential>()
  expectTypeOf(session.tokens()).resolves.toEqualTypeOf<TokenSet | undefined>()
  expectTypeOf(session.subscribe(() => {})).toEqualTypeOf<Disposer>()
  expectTypeOf(session).toExtend<AsyncDisposable>()
})

test('a credential cannot be changed', () => {
  const credential: Credential = { epoch: 1, version: 1, tokenType: 'Bearer' }
  // @ts-expect-error it is immutable
  credential.version = 2
  expectTypeOf(credential.accessToken).toEqualTypeOf<string | undefined>()
})

test('a listener gets what its event is about', () => {
  session.on('signed-in', (event) => {
    expectTypeOf(event).toEqualTypeOf<{ epoch: number; version: number; identity?: string }>()
  })
  session.on('refreshed', ({ reason }) => {
    expectTypeOf(reason).toEqualTypeOf<'stale' | 'refused' | 'asked'>()
  })
  session.on('refresh-failed', ({ error }) => {
    expectTypeOf(error).toEqualTypeOf<RefreshError>()
  })
  session.on('expired', ({ error }) => {
    expectTypeOf(error).toEqualTypeOf<AuthenticationError>()
  })
  session.on('signed-out', (event) => {
    expectTypeOf(event).toEqualTypeOf<{ epoch: number }>()
  })
  session.on('refused', (event) => {
    expectTypeOf(event).toEqualTypeOf<{ version: number; origin?: string }>()
  })
  // @ts-expect-error there is no such event
  session.on('renewed', () => {})
  expectTypeOf<'signed-in' | 'refreshed' | 'expired'>().toExtend<keyof SessionEvents>()
})

test('an error of ours is one of three, told apart by its name', () => {
  const tell = (error: unknown): unknown => {
    if (!isReauthError(error)) return error
    switch (error.name) {
      case 'AuthenticationError':
        expectTypeOf(error.reason).toEqualTypeOf<'signed-out' | 'expired' | 'refused' | 'switched'>()
        return error.code satisfies 401
      case 'PermissionDeniedError':
        return error.code satisfies 403
      case 'RefreshError':
        expectTypeOf(error.reason).toEqualTypeOf<'rejected' | 'unavailable' | 'lost' | 'misconfigured' | 'disposed'>()
        return error.retryAfterMs
      default:
        return error satisfies never
    }
  }
  expectTypeOf(tell).toBeFunction()
})
