import { describe, expect, it } from 'vitest'

import { classifyResponse, parseChallenges, parseStepUp } from '../src/challenges.ts'

function answer(status: number, ...values: string[]): Response {
  const response = new Response(null, { status })
  for (const value of values) response.headers.append('www-authenticate', value)
  return response
}

describe('the challenges of a real Response', () => {
  it('are read from one header or several', () => {
    const response = answer(401, 'Basic realm="a, b"', 'Bearer error="invalid_token", error_description="say \\"hi\\""')
    expect(parseChallenges(response).map(({ scheme, parameters }) => [scheme, { ...parameters }])).toEqual([
      ['basic', { realm: 'a, b' }],
      ['bearer', { error: 'invalid_token', error_description: 'say "hi"' }],
    ])
    expect(classifyResponse(response)).toBe('refused')
  })

  it('tell a step-up, a nonce and a denial from a refusal', () => {
    const stepUp = answer(401, 'Bearer error="insufficient_user_authentication", max_age="60"')
    expect(parseStepUp(stepUp)).toEqual({ maxAge: 60 })
    expect(classifyResponse(stepUp)).toBeUndefined()
    expect(classifyResponse(answer(401, 'DPoP error="use_dpop_nonce"'))).toBeUndefined()
    expect(classifyResponse(answer(403))).toBe('denied')
    expect(classifyResponse(answer(401))).toBe('refused')
  })
})
