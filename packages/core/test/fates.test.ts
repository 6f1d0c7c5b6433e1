import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { createFates } from '../src/fates.ts'

const failure = { error: new RefreshError('Later', { reason: 'lost' }), attempts: 1, at: 1, until: 2, retryAt: 3 }

describe('createFates', () => {
  it('knows nothing of a token that it has not seen', () => {
    const fates = createFates()
    for (const key of ['R1', '', '__proto__', 'constructor']) expect(fates.of(key)).toEqual({})
  })

  it('adds what is learned to what is known, and takes back what is undone', () => {
    const fates = createFates()
    fates.add('R1', { lost: true, failure })
    fates.add('R1', { dead: true })
    expect(fates.of('R1')).toMatchObject({ lost: true, failure, dead: true })
    fates.add('R1', { lost: undefined, failure: undefined })
    expect(fates.of('R1')).toEqual({ dead: true, revision: 3 })
    expect(fates.of('R2')).toEqual({})
  })

  it('remembers the latest, however long a session lives, and not all of them', () => {
    const fates = createFates()
    for (let id = 0; id < 10_000; id++) fates.add(`R${id}`, { dead: true })
    expect(fates.of('R9999').dead).toBe(true)
    expect(fates.of('R9950').dead).toBe(true)
    expect(fates.of('R0').dead).toBeUndefined()
  })

  it('does not forget one that is still being talked about', () => {
    const fates = createFates()
    fates.add('kept', { dead: true })
    for (let id = 0; id < 1000; id++) {
      fates.add(`R${id}`, { dead: true })
      fates.add('kept', {})
    }
    expect(fates.of('kept').dead).toBe(true)
  })
})
