import { describe, expect, it } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { attempt, type RefreshContext, strategiesOf } from '../src/strategies.ts'
import { flawOf, type TokenSet } from '../src/token-set.ts'

const context: RefreshContext = { tokens: { accessToken: 'A' }, reason: 'stale', signal: new AbortController().signal }
const refresh = async (): Promise<TokenSet> => ({ accessToken: 'B' })

describe('strategiesOf', () => {
  it('takes a function, a strategy, and a list of either', () => {
    expect(strategiesOf(refresh)).toEqual([{ refresh, spends: true }])
    expect(strategiesOf({ refresh, spends: false })).toEqual([{ refresh, spends: false }])
    expect(strategiesOf([refresh, { refresh }, { refresh, spends: false }])).toEqual([
      { refresh, spends: true },
      { refresh, spends: true },
      { refresh, spends: false },
    ])
  })

  it.each([[undefined], [null], ['https://issuer.test/token'], [{}], [{ refresh: 'x' }], [[refresh, undefined]], [[]]])(
    'throws a TypeError that says what is missing for %j',
    (option) => {
      expect(() => strategiesOf(option as never)).toThrow(TypeError)
      expect(() => strategiesOf(option as never)).toThrow('refresh is missing')
    },
  )
})

describe('attempt', () => {
  it('returns the token set', async () => {
    expect(await attempt({ refresh }, context, flawOf)).toEqual({ accessToken: 'B' })
  })

  it('passes a RefreshError on untouched', async () => {
    const error = new RefreshError('Later', { reason: 'unavailable', retryAfterMs: 5 })
    await expect(attempt({ refresh: () => Promise.reject(error) }, context, flawOf)).rejects.toBe(error)
  })

  it.each([[new TypeError('Failed to fetch')], ['text'], [undefined], [null], [new DOMException('x', 'AbortError')]])(
    'counts anything else that is thrown as lost, and keeps it as the cause: %s',
    async (cause) => {
      const rejection = attempt({ refresh: () => Promise.reject(cause) }, context, flawOf)
      await expect(rejection).rejects.toMatchObject({ name: 'RefreshError', reason: 'lost' })
    },
  )

  it('counts what is thrown synchronously as lost', async () => {
    const thrower = (): never => {
      throw new Error('at once')
    }
    await expect(attempt({ refresh: thrower }, context, flawOf)).rejects.toMatchObject({ reason: 'lost' })
  })

  it.each([
    [undefined],
    [null],
    [''],
    ['A'],
    [{}],
    [[]],
    [{ access_token: 'A' }],
    [{ accessToken: '' }],
    [{ accessToken: undefined }],
    [{ accessToken: 'A', expiresInMs: NaN }],
    [{ accessToken: 'A', expiresInMs: '5' }],
  ])('calls an answer that is no token set misconfigured: %j', async (answer) => {
    const rejection = attempt({ refresh: () => Promise.resolve(answer as never) }, context, flawOf)
    await expect(rejection).rejects.toMatchObject({ name: 'RefreshError', reason: 'misconfigured' })
  })
})
