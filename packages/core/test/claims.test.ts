import { describe, expect, it } from 'vitest'

import { claimsOf } from '../src/claims.ts'

const jwt = (payload: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2lnbmF0dXJl`

describe('claimsOf', () => {
  it.each([
    { exp: 1, iat: 0 },
    { sub: 'a' },
    { sub: 'ab?>~' },
    { sub: 'abc??>>~~' },
    { nested: { list: [1, null] } },
    {},
  ])('reads the claims of a JWT, whatever their length and letters: %j', (claims) => {
    expect(claimsOf(jwt(claims))).toEqual(claims)
  })

  it.each([undefined, '', 'opaque', 'a.b', 'a.b.c', '..', 'e30.!!!.x', `e30.${'{'.repeat(5)}.x`])(
    'finds none in what is no JWT: %s',
    (token) => {
      expect(claimsOf(token)).toEqual({})
    },
  )

  it.each([null, 5, true])('finds none where the payload is %s', (payload) => {
    const claims = claimsOf(jwt(payload))
    expect(claims['exp']).toBeUndefined()
    expect(claims['sub']).toBeUndefined()
  })
})
