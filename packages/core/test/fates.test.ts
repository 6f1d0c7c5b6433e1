import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { createFates, keyOf } from '../src/fates.ts'

const failure = { error: new RefreshError('Later', { reason: 'lost' }), attempts: 1, at: 1, until: 2, retryAt: 3 }

const token = (refreshToken: string) => ({ epoch: 1, tokens: { refreshToken } })

describe('createFates', () => {
  it('knows nothing of a token that it has not seen', () => {
    const fates = createFates()
    for (const key of ['R1', '', '__proto__', 'constructor']) expect(fates.of(token(key))).toEqual({})
  })

  it('adds what is learned to what is known, and takes back what is undone', () => {
    const fates = createFates()
    fates.add(token('R1'), { lost: true, failure })
    fates.add(token('R1'), { dead: true })
    expect(fates.of(token('R1'))).toMatchObject({ lost: true, failure, dead: true })
    fates.add(token('R1'), { lost: undefined, failure: undefined })
    expect(fates.of(token('R1'))).toEqual({ dead: true, revision: 3 })
    expect(fates.of(token('R2'))).toEqual({})
  })

  it('remembers the last hundred, however long a session lives', () => {
    const fates = createFates()
    for (let id = 0; id < 10_000; id++) fates.add(token(`R${id}`), { dead: true })
    expect(fates.of(token('R9999')).dead).toBe(true)
    expect(fates.of(token('R9900')).dead).toBe(true)
    expect(fates.of(token('R9899')).dead).toBeUndefined()
  })

  it('does not forget one that is still being talked about', () => {
    const fates = createFates()
    fates.add(token('kept'), { dead: true })
    for (let id = 0; id < 1000; id++) {
      fates.add(token(`R${id}`), { dead: true })
      fates.add(token('kept'), {})
    }
    expect(fates.of(token('kept')).dead).toBe(true)
  })
})

describe('keyOf', () => {
  it('is the refresh token, whatever sign-in it came with; where a cookie is, the sign-in', () => {
    const tokens = { accessToken: 'A', refreshToken: 'R' }
    expect(keyOf({ epoch: 1, tokens })).toBe(keyOf({ epoch: 2, tokens }))
    expect(keyOf({ epoch: 1, tokens: {} })).toBe(keyOf({ epoch: 1, tokens: {} }))
    expect(keyOf({ epoch: 1, tokens: {} })).not.toBe(keyOf({ epoch: 2, tokens: {} }))
  })
})
