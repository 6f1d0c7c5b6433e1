import { createSession, type Credential, type Refresh, type Session, staticSource, type TokenSet } from '@reauth/core'
import { createFetch, type FetchOptions, refreshEndpoint, resolveBroker } from '@reauth/fetch'
import { expectTypeOf, it } from 'vitest'

declare const session: Session

it('createFetch returns what fetch is', () => {
  expectTypeOf(createFetch(session)).toEqualTypeOf<typeof fetch>()
  expectTypeOf(createFetch(staticSource('a'))).toEqualTypeOf<typeof fetch>()
  expectTypeOf(createFetch).toBeCallableWith(session, { fetch, authorization: 'replace', outliveSession: true })
  // Where fetch was, it fits.
  const use = (given: typeof fetch): typeof fetch => given
  expectTypeOf(use).toBeCallableWith(createFetch(session))
})

it('createFetch takes its own result as the fetch below', () => {
  expectTypeOf(createFetch).toBeCallableWith(session, { fetch: createFetch(session) })
})

it('attach gets the request, the credential and perhaps a challenge', () => {
  type Attach = NonNullable<FetchOptions['attach']>
  expectTypeOf<Attach>().parameter(0).toEqualTypeOf<Request>()
  expectTypeOf<Attach>().parameter(1).toEqualTypeOf<Credential>()
  expectTypeOf<Attach>().parameter(2).toEqualTypeOf<Response | undefined>()
  expectTypeOf<Attach>().returns.toEqualTypeOf<Request | Promise<Request>>()
  // One that looks at less fits, too.
  expectTypeOf((request: Request) => request).toExtend<Attach>()
})

it('classify gets the response and may say nothing', () => {
  type Classify = NonNullable<FetchOptions['classify']>
  expectTypeOf<Parameters<Classify>>().toEqualTypeOf<[response: Response]>()
  expectTypeOf<Classify>().returns.toEqualTypeOf<'refused' | 'denied' | 'transient' | undefined>()
})

it('options are checked', () => {
  // @ts-expect-error -- there are two
  createFetch(session, { authorization: 'drop' })
  // @ts-expect-error -- a verdict that there is not
  createFetch(session, { classify: () => 'expired' })
  // @ts-expect-error -- not a source
  createFetch({})
})

it('refreshEndpoint returns a refresh for a session', () => {
  expectTypeOf(refreshEndpoint('https://api.test/refresh')).toEqualTypeOf<Refresh>()
  expectTypeOf(createSession).toBeCallableWith({ refresh: refreshEndpoint(new URL('https://api.test/refresh')) })
  expectTypeOf(createSession).toBeCallableWith({
    refresh: [refreshEndpoint('https://api.test/a'), { refresh: refreshEndpoint('https://api.test/b'), spends: false }],
  })
  refreshEndpoint('https://api.test/refresh', {
    body: ({ refreshToken }) => new URLSearchParams({ refresh_token: refreshToken ?? '' }),
    parse: (json): TokenSet => ({ accessToken: String(json) }),
    headers: [['x-one', '1']],
    credentials: 'include',
  })
})

it('resolveBroker takes what may be absent', () => {
  const stored = undefined as string | undefined
  expectTypeOf(resolveBroker({ stored, configured: stored, page: 'https://app.test' })).toEqualTypeOf<
    string | undefined
  >()
  // @ts-expect-error -- the page is what it is about
  resolveBroker({ stored })
})
