import { describe, expect, it } from 'vitest'

import { classifyResponse, type Verdict } from '../src/challenges.ts'

function verdictOn(status: number, text: string | null = null): Verdict | undefined {
  return classifyResponse({ status, headers: { get: () => text } })
}

describe('classifyResponse', () => {
  it.each([
    [null],
    ['Bearer'],
    ['Bearer realm="x"'],
    ['Bearer error="invalid_token", error_description="insufficient_scope"'],
    ['Basic realm="insufficient_user_authentication"'],
    ['Cookie'],
    ['"garbage'],
  ])('takes a 401 for a refusal: %s', (text) => {
    expect(verdictOn(401, text)).toBe('refused')
  })

  it.each([
    ['DPoP error="use_dpop_nonce"'],
    ['DPoP algs="ES256", ERROR="use_dpop_nonce"'],
    ['Bearer error="insufficient_user_authentication", acr_values="gold"'],
    ['Basic realm="x", Bearer error=insufficient_user_authentication'],
  ])('takes no refusal from a 401 that asks for something else: %s', (text) => {
    expect(verdictOn(401, text)).toBeUndefined()
  })

  it('takes a 401 of insufficient_scope for a denial', () => {
    expect(verdictOn(401, 'Bearer error="insufficient_scope", scope="admin"')).toBe('denied')
  })

  it.each([[null], ['Bearer error="invalid_token"'], ['Bearer error="insufficient_scope"']])(
    'takes a 403 for a denial: %s',
    (text) => {
      expect(verdictOn(403, text)).toBe('denied')
    },
  )

  it.each([200, 204, 302, 304, 400, 404, 407, 419])('has no verdict on %i', (status) => {
    expect(verdictOn(status, 'Bearer error="invalid_token"')).toBeUndefined()
  })
})
