import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Challenge, parseChallenges } from '../src/challenges.ts'

function parse(text: string | null): Challenge[] {
  return parseChallenges({ headers: { get: (name) => (name.toLowerCase() === 'www-authenticate' ? text : null) } })
}

/** Without the null prototype, to compare. */
function plain(text: string): unknown[] {
  return parse(text).map((challenge) => ({ ...challenge, parameters: { ...challenge.parameters } }))
}

describe('parseChallenges', () => {
  it.each<[string, unknown[]]>([
    ['Negotiate', [{ scheme: 'negotiate', parameters: {} }]],
    [
      'Negotiate a87421000492aa874209af8bc028==',
      [{ scheme: 'negotiate', parameters: {}, token68: 'a87421000492aa874209af8bc028==' }],
    ],
    ['Bearer realm="example"', [{ scheme: 'bearer', parameters: { realm: 'example' } }]],
    ['Basic realm=plain', [{ scheme: 'basic', parameters: { realm: 'plain' } }]],
    ['BEARER ERROR="Invalid_Token"', [{ scheme: 'bearer', parameters: { error: 'Invalid_Token' } }]],
    ['Bearer realm = "spaced"\t,\terror\t=\t"x"', [{ scheme: 'bearer', parameters: { realm: 'spaced', error: 'x' } }]],
    [
      'Bearer error="a" error_description="b"',
      [{ scheme: 'bearer', parameters: { error: 'a', error_description: 'b' } }],
    ],
    [
      'Digest qop="auth, auth-int", nonce="n"',
      [{ scheme: 'digest', parameters: { qop: 'auth, auth-int', nonce: 'n' } }],
    ],
    ['Bearer realm="say \\"hi\\", you\\\\me"', [{ scheme: 'bearer', parameters: { realm: 'say "hi", you\\me' } }]],
    ['Bearer realm=""', [{ scheme: 'bearer', parameters: { realm: '' } }]],
    ['Bearer realm="Basic realm=\\"x\\""', [{ scheme: 'bearer', parameters: { realm: 'Basic realm="x"' } }]],
  ])('reads %s', (text, challenges) => {
    expect(plain(text)).toEqual(challenges)
  })

  it('reads the example of RFC 9110, section 11.6.1', () => {
    expect(plain('Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""')).toEqual([
      { scheme: 'basic', parameters: { realm: 'simple' } },
      { scheme: 'newauth', parameters: { realm: 'apps', type: '1', title: 'Login to "apps"' } },
    ])
  })

  it('tells several challenges apart, with and without parameters', () => {
    expect(plain('Negotiate, Bearer, DPoP algs="ES256 PS256", error="use_dpop_nonce", NTLM TlRM==, Basic')).toEqual([
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'bearer', parameters: {} },
      { scheme: 'dpop', parameters: { algs: 'ES256 PS256', error: 'use_dpop_nonce' } },
      { scheme: 'ntlm', parameters: {}, token68: 'TlRM==' },
      { scheme: 'basic', parameters: {} },
    ])
  })

  it('passes over empty list elements', () => {
    expect(plain(' , ,Bearer , realm="x",, ,Basic,')).toEqual([
      { scheme: 'bearer', parameters: { realm: 'x' } },
      { scheme: 'basic', parameters: {} },
    ])
  })

  it('keeps the first of two parameters with the same name', () => {
    expect(plain('Bearer error="a", ERROR="b"')).toEqual([{ scheme: 'bearer', parameters: { error: 'a' } }])
  })

  it('takes an unterminated quote to the end', () => {
    expect(plain('Bearer error="invalid_token, Basic realm=')).toEqual([
      { scheme: 'bearer', parameters: { error: 'invalid_token, Basic realm=' } },
    ])
  })

  it('returns nothing where `get` of some other library gives undefined', () => {
    expect(parseChallenges({ headers: { get: () => undefined as never } })).toEqual([])
  })

  it.each([
    ['a header that is absent', null],
    ['an empty header', ''],
    ['blanks and commas', ' ,\t, '],
  ])('returns nothing for %s', (_, text) => {
    expect(parse(text)).toEqual([])
  })

  it.each(['__proto__', 'constructor', 'hasownproperty', 'tostring'])('reads a parameter that is called %s', (name) => {
    const [challenge] = parse(`Bearer ${name}="x", error="y"`)
    expect(challenge?.parameters[name]).toBe('x')
    expect(challenge?.parameters['error']).toBe('y')
    expect(Object.keys(challenge?.parameters ?? {})).toEqual([name, 'error'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('finds no parameter that is not there', () => {
    expect(parse('Bearer realm="x"')[0]?.parameters['constructor']).toBeUndefined()
    expect(parse('Bearer realm="x"')[0]?.parameters['error']).toBeUndefined()
  })

  it('never throws, whatever a server sends', () => {
    const piece = fc.constantFrom(
      'Bearer',
      ' ',
      '\t',
      ',',
      '=',
      '"',
      '\\',
      'a',
      '==',
      '\\"',
      'é',
      '\n',
      ';',
      '__proto__',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (header) => {
        for (const { scheme, parameters } of parse(header)) {
          expect(scheme).toBe(scheme.toLowerCase())
          for (const name of Object.keys(parameters)) expect(name).toBe(name.toLowerCase())
        }
      }),
    )
  })

  it('reads back what was written by the book', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9!#$&'*+.^_`|~-]{0,8}$/)
    const parameter = fc.tuple(token, fc.string({ unit: 'binary-ascii' }))
    const challenge = fc.record({
      scheme: token,
      parameters: fc.uniqueArray(parameter, { selector: ([name]) => name, minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const written = challenges.map(({ scheme, parameters }) => {
          const pairs = parameters.map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`)
          return `${scheme} ${pairs.join(', ')}`
        })
        const read = parse(written.join(', ')).map(({ scheme, parameters }) => [scheme, Object.entries(parameters)])
        expect(read.map(([scheme, pairs]) => [scheme, new Map(pairs as [string, string][])])).toEqual(
          challenges.map(({ scheme, parameters }) => [scheme, new Map(parameters)]),
        )
      }),
    )
  })
})
