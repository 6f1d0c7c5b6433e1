import { describe, expect, it } from 'vitest'

import { identityOf } from '../src/identity.ts'

function idToken(payload: unknown, encoding: 'base64' | 'base64url' = 'base64url'): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return `e30.${Buffer.from(text).toString(encoding)}.sig`
}

const alice = { iss: 'https://issuer.test', sub: 'alice' }

describe('identityOf', () => {
  it('returns what the tokens say, before what the ID token says', () => {
    expect(identityOf({ identity: 'me', idToken: idToken(alice) })).toBe('me')
  })

  it.each(['base64', 'base64url'] as const)('reads issuer and subject of the ID token in %s', (encoding) => {
    const claims = { ...alice, name: '>>>???~~~ÿÿÿ' }
    expect(identityOf({ idToken: idToken(claims, encoding) })).toBe('https://issuer.test#alice')
  })

  it('is the same for two ID tokens of one subject', () => {
    const first = identityOf({ idToken: idToken({ ...alice, iat: 1, exp: 2 }) })
    expect(identityOf({ idToken: idToken({ iat: 3, exp: 4, ...alice }) })).toBe(first)
  })

  it('tells apart the same subject at two issuers, and two subjects at one', () => {
    const identities = [alice, { ...alice, iss: 'https://other.test' }, { ...alice, sub: 'bob' }].map((claims) =>
      identityOf({ idToken: idToken(claims) }),
    )
    expect(new Set(identities).size).toBe(3)
  })

  it.each([
    ['nothing', undefined],
    ['no JWT', 'opaque'],
    ['an empty text', ''],
    ['a payload that is no base64', 'e30.%%%.sig'],
    ['a payload that is no JSON', idToken('nope')],
    ['a payload of null', idToken('null')],
    ['a payload that is a list', idToken('[]')],
    ['no subject', idToken({ iss: alice.iss })],
    ['no issuer', idToken({ sub: alice.sub })],
    ['a subject that is a number', idToken({ ...alice, sub: 7 })],
  ])('returns undefined for %s', (_, token) => {
    expect(identityOf(token === undefined ? {} : { idToken: token })).toBeUndefined()
  })
})
