import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { flawOf, parseTokenResponse } from '../src/token-set.ts'

/** Returns what a wrong answer is refused with. */
function refusalOf(json: unknown): RefreshError {
  try {
    parseTokenResponse(json)
  } catch (error) {
    if (error instanceof RefreshError) return error
    throw error
  }
  throw new Error('It was accepted')
}

describe('parseTokenResponse', () => {
  it('returns every member in the units of JavaScript', () => {
    const json = {
      access_token: 'A',
      refresh_token: 'R',
      id_token: 'I',
      token_type: 'DPoP',
      scope: 'openid offline_access',
      expires_in: 3600,
    }
    expect(parseTokenResponse(json)).toEqual({
      accessToken: 'A',
      refreshToken: 'R',
      idToken: 'I',
      tokenType: 'DPoP',
      scope: 'openid offline_access',
      expiresInMs: 3_600_000,
    })
  })

  it('leaves out what the issuer left out or made null', () => {
    const json = {
      access_token: 'A',
      refresh_token: null,
      expires_in: null,
      scope: null,
      token_type: null,
      id_token: null,
    }
    expect(parseTokenResponse(json)).toEqual({ accessToken: 'A' })
    expect(parseTokenResponse({ access_token: 'A' })).toEqual({ accessToken: 'A' })
  })

  it('takes nothing over that it does not know', () => {
    const json = { access_token: 'A', identity: 'mallory', expiresAt: 1, accessToken: 'B', foo: {} }
    expect(parseTokenResponse(json)).toEqual({ accessToken: 'A' })
  })

  it.each([
    ['an empty one', ''],
    ['a space', 'a b'],
    ['a space at its end', 'ab '],
    ['a line break', 'a\r\nX-Evil: 1'],
    ['a NUL', 'a\0'],
    ['a DEL', 'a\u007f'],
    ['an accent', 'tökén'],
    ['an emoji', '🔑'],
    ['a number', 42],
    ['null', null],
    ['undefined', undefined],
    ['a list', ['A']],
    ['an object', { toString: () => 'A' }],
    ['true', true],
  ])('refuses as access_token %s', (_, access_token) => {
    expect(refusalOf({ access_token, refresh_token: 'R' }).reason).toBe('misconfigured')
  })

  it('accepts as access_token exactly 0x21–0x7E', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (access_token) => {
        const isVisible = access_token.split('').every((one) => one >= '!' && one <= '~')
        if (isVisible) expect(parseTokenResponse({ access_token }).accessToken).toBe(access_token)
        else expect(refusalOf({ access_token }).reason).toBe('misconfigured')
      }),
    )
  })

  it.each([
    [300, 300_000],
    [0, 0],
    [0.5, 500],
    ['300', 300_000],
    ['300.5', 300_500],
    ['300.25', 300_250],
    ['007', 7000],
  ])('reads expires_in %j', (expires_in, expiresInMs) => {
    expect(parseTokenResponse({ access_token: 'A', expires_in })).toHaveProperty('expiresInMs', expiresInMs)
  })

  it.each([
    'abc',
    '',
    ' 300',
    '300s',
    '-1',
    '1e3',
    '0x10',
    'Infinity',
    '٣',
    -1,
    NaN,
    Infinity,
    -Infinity,
    1e308,
    '9'.repeat(400),
    true,
    [300],
    {},
  ])('refuses expires_in %j', (expires_in) => {
    expect(refusalOf({ access_token: 'A', expires_in })).toMatchObject({
      reason: 'misconfigured',
      message: expect.stringContaining('expiresInMs') as string,
    })
  })

  it.each([
    ['refresh_token', ''],
    ['refresh_token', 1],
    ['id_token', ''],
    ['id_token', {}],
    ['token_type', ''],
    ['token_type', 'Bearer x'],
    ['token_type', 'Bearer\n'],
    ['token_type', 'Bearer:'],
    ['token_type', 'Bäarer'],
    ['token_type', ['Bearer']],
    ['scope', ['openid']],
  ])('refuses %s %j', (member, value) => {
    expect(refusalOf({ access_token: 'A', [member]: value }).reason).toBe('misconfigured')
  })

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['text', 'access_token=A'],
    ['HTML', '<!doctype html><title>Welcome</title>'],
    ['a number', 1],
    ['a list', [{ access_token: 'A' }]],
    ['an empty object', {}],
    ['an error', { error: 'invalid_grant' }],
    ['a nested answer', { data: { access_token: 'A' } }],
    ['a member of the prototype alone', JSON.parse('{"__proto__":{"access_token":"A"}}') as unknown],
  ])('refuses %s', (_, json) => {
    expect(refusalOf(json).reason).toBe('misconfigured')
  })

  it('answers anything at all with a checked token set or a RefreshError', () => {
    const member = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.integer())
    const answer = fc.record(
      {
        access_token: fc.oneof(member, fc.constant('A')),
        refresh_token: member,
        id_token: member,
        token_type: member,
        scope: member,
        expires_in: member,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(answer, fc.anything()), (json) => {
        try {
          expect(flawOf(parseTokenResponse(json))).toBeUndefined()
        } catch (error) {
          expect(error).toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
        }
      }),
    )
  })

  it('names the member that is wrong and never its value', () => {
    const { message } = refusalOf({ access_token: 'very secret', refresh_token: 'R-secret' })
    expect(message).toContain('accessToken')
    expect(message).not.toContain('secret')
  })
})

describe('flawOf', () => {
  it.each([
    [{ accessToken: 'A' }],
    [{ accessToken: 'A', refreshToken: undefined, expiresInMs: undefined }],
    [{ accessToken: 'A', expiresInMs: 0, expiresAt: 0, scope: '' }],
    [{ accessToken: 'A', expiresAt: -1 }],
  ])('finds nothing wrong with %j', (tokens) => {
    expect(flawOf(tokens)).toBeUndefined()
  })

  it.each([[undefined], [null], ['A'], [42], [() => ({ accessToken: 'A' })]])(
    'says that %s is no token set',
    (tokens) => {
      expect(flawOf(tokens)).toBeTruthy()
    },
  )

  it.each([
    [{}, 'accessToken'],
    [[], 'accessToken'],
    [{ accessToken: undefined, refreshToken: 'R' }, 'accessToken'],
    [{ accessToken: '' }, 'accessToken'],
    [{ accessToken: 'A', expiresInMs: -1 }, 'expiresInMs'],
    [{ accessToken: 'A', expiresAt: NaN }, 'expiresAt'],
    [{ accessToken: 'A', expiresAt: '2030-01-01' }, 'expiresAt'],
    [{ accessToken: 'A', identity: '' }, 'identity'],
    [{ accessToken: 'A', refreshToken: null }, 'refreshToken'],
  ])('names what is wrong with %j', (tokens, member) => {
    expect(flawOf(tokens)).toContain(member)
  })

  it('points to parseTokenResponse for an answer as it came', () => {
    expect(flawOf({ access_token: 'A' })).toContain('parseTokenResponse()')
  })
})
