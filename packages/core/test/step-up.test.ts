import { describe, expect, it } from 'vitest'

import { parseStepUp, type StepUp } from '../src/challenges.ts'

function stepUpIn(text: string | null): StepUp | undefined {
  return parseStepUp({ headers: { get: () => text } })
}

describe('parseStepUp', () => {
  it('reads the example of RFC 9470, section 3', () => {
    const text =
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"'
    expect(stepUpIn(text)).toEqual({ acrValues: 'myACR' })
  })

  it.each<[string, StepUp]>([
    ['max_age="5"', { maxAge: 5 }],
    ['max_age=0', { maxAge: 0 }],
    ['acr_values="silver gold", max_age=60', { acrValues: 'silver gold', maxAge: 60 }],
    ['ACR_VALUES="silver"', { acrValues: 'silver' }],
    ['max_age="soon"', {}],
    ['max_age="-5"', {}],
    ['max_age="1e3"', {}],
    ['max_age=""', {}],
    ['realm="x"', {}],
  ])('reads %s', (parameters, stepUp) => {
    expect(stepUpIn(`Bearer error="insufficient_user_authentication", ${parameters}`)).toEqual(stepUp)
  })

  it('finds it among other challenges and takes nothing from them', () => {
    const text =
      'Basic realm="x", max_age=1, DPoP error="insufficient_user_authentication", max_age=2, Bearer max_age=3'
    expect(stepUpIn(text)).toEqual({ maxAge: 2 })
  })

  it.each([
    ['no header', null],
    ['a refusal', 'Bearer error="invalid_token", max_age=5'],
    ['a denial', 'Bearer error="insufficient_scope", scope="admin"'],
    ['the words in a description', 'Bearer error_description="insufficient_user_authentication"'],
  ])('returns undefined for %s', (_, text) => {
    expect(stepUpIn(text)).toBeUndefined()
  })
})
