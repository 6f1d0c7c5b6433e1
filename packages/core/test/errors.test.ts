import { describe, expect, it, vi } from 'vitest'

import {
  AuthenticationError,
  authenticationError,
  isReauthError,
  PermissionDeniedError,
  RefreshError,
} from '../src/errors.ts'

const cause = new Error('secret-token')
const all = [
  new AuthenticationError('Sign in', { reason: 'expired', cause }),
  new PermissionDeniedError('Not allowed', { cause }),
  new RefreshError('Later', { reason: 'unavailable', retryAfterMs: 5000, sent: true, cause }),
] as const

describe('the errors', () => {
  it('have literal names, which no minifier touches', () => {
    expect(all.map(({ name }) => name)).toEqual(['AuthenticationError', 'PermissionDeniedError', 'RefreshError'])
  })

  it('have the code of the HTTP status that they stand for', () => {
    expect(all[0].code).toBe(401)
    expect(all[1].code).toBe(403)
  })

  it('say what happened and the way out, for each reason to sign in', () => {
    const reasons = ['signed-out', 'expired', 'refused', 'switched'] as const
    const messages = reasons.map((reason) => authenticationError(reason).message)
    expect(new Set(messages).size).toBe(reasons.length)
    for (const message of messages) expect(message).toMatch(/^[A-Z].+; .+/)
  })

  it.each(all)('are errors, keep their cause and have a stack: $name', (error) => {
    expect(error).toBeInstanceOf(Error)
    expect(error.cause).toBe(cause)
    expect(error.stack).toContain(error.message)
  })

  it.each(all)('become JSON without cause and stack: $name', (error) => {
    const json = JSON.parse(JSON.stringify(error)) as object
    expect(json).toMatchObject({ name: error.name, message: error.message })
    expect(json).not.toHaveProperty('cause')
    expect(json).not.toHaveProperty('stack')
    expect(JSON.stringify({ nested: [error] })).not.toContain('secret')
  })

  it('become JSON with what a caller decides by', () => {
    expect(JSON.parse(JSON.stringify(all[0]))).toMatchObject({ code: 401, reason: 'expired' })
    expect(JSON.parse(JSON.stringify(all[1]))).toMatchObject({ code: 403 })
    expect(JSON.parse(JSON.stringify(all[2]))).toMatchObject({ reason: 'unavailable', retryAfterMs: 5000, sent: true })
  })

  it('leave out what was not told', () => {
    const error = new RefreshError('Later', { reason: 'lost', retryAfterMs: undefined })
    expect(Object.keys(JSON.parse(JSON.stringify(error)) as object).toSorted()).toEqual(['message', 'name', 'reason'])
    expect(error.retryAfterMs).toBeUndefined()
  })

  it('can be made with a message alone where nothing else is known', () => {
    expect(new PermissionDeniedError('Not allowed')).toMatchObject({ code: 403, message: 'Not allowed' })
  })
})

describe('isReauthError', () => {
  it.each(all)('knows its own: $name', (error) => {
    expect(isReauthError(error)).toBe(true)
  })

  it('knows those of a second copy of the package', async () => {
    vi.resetModules()
    const copy = await import('../src/errors.ts')
    const error = new copy.RefreshError('Later', { reason: 'lost' })
    expect(error).not.toBeInstanceOf(RefreshError)
    expect(isReauthError(error)).toBe(true)
    expect(copy.isReauthError(all[0])).toBe(true)
  })

  it.each([
    undefined,
    null,
    'AuthenticationError',
    401,
    {},
    Object.create(null) as object,
    new Error('no'),
    { name: 'RefreshError', reason: 'lost' },
    Object.assign(new Error('no'), { name: 'AuthenticationError', code: 401 }),
  ])('does not take %s for one', (value) => {
    expect(isReauthError(value)).toBe(false)
  })
})
