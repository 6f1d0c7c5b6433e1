import { describe, expect, it } from 'vitest'

import { createSession } from '../src/session.ts'
import type { SessionOptions } from '../src/session-options.ts'
import type { TokenSet } from '../src/token-set.ts'

const refresh = async (): Promise<TokenSet> => ({ accessToken: 'A' })

describe('createSession', () => {
  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no refresh', {}],
    ['a refresh of null', { refresh: null }],
    ['a refresh that is a URL', { refresh: 'https://issuer.test/token' }],
    ['an empty list of strategies', { refresh: [] }],
    ['a list with a hole', { refresh: [refresh, undefined] }],
    ['a strategy without refresh', { refresh: { spends: false } }],
  ])('throws a TypeError at once for %s', (_, options) => {
    expect(() => createSession(options as SessionOptions)).toThrow(TypeError)
  })

  it.each([-1, NaN, '30 s', {}, -Infinity])(
    'throws a TypeError at once that names the duration that is %s',
    (value) => {
      for (const name of ['leewayMs', 'refreshTimeoutMs']) {
        const create = (): unknown => createSession({ refresh, [name]: value })
        expect(create).toThrow(TypeError)
        expect(create).toThrow(name)
      }
    },
  )

  it.each([Infinity, 2 ** 31, 2 ** 30, 2 ** 29])(
    'throws a TypeError at once for a timeout that no timer holds: %d',
    (value) => {
      expect(() => createSession({ refresh, refreshTimeoutMs: value })).toThrow(TypeError)
    },
  )

  it.each([['https://api.example.com/v1'], ['http://api.example.com'], ['*'], ['api.example.com'], ['']])(
    'throws a TypeError at once that names the origin "%s"',
    (origin) => {
      const create = (): unknown => createSession({ refresh, origins: ['https://ok.example', origin] })
      expect(create).toThrow(TypeError)
      expect(create).toThrow(`"${origin}"`)
    },
  )

  it('throws a TypeError at once for origins that are a text', () => {
    expect(() => createSession({ refresh, origins: 'https://api.example.com' as never })).toThrow(TypeError)
  })

  it('takes durations of nothing', () => {
    expect(createSession({ refresh, leewayMs: 0, refreshTimeoutMs: 0 }).state.status).toBe('signed-out')
  })

  it('has the origins of the option', () => {
    const { origins } = createSession({ refresh, origins: ['https://api.example.com'] })
    expect(origins('https://api.example.com/v1')).toBe(true)
    expect(origins('https://other.example.com/')).toBe(false)
    expect(createSession({ refresh, origins: () => true }).origins('http://anywhere.test')).toBe(true)
    expect(createSession({ refresh }).origins('https://api.example.com/v1')).toBe(false)
  })

  it('does without a storage where a web view has null for its localStorage', async () => {
    const session = createSession({ refresh, storage: null as never })
    expect(session.state).toEqual({ status: 'signed-out' })
    await session.signIn({ accessToken: 'at-1' })
    expect(await session.acquire()).toMatchObject({ version: 1 })
  })

  it('is signed out and ready at once with memory storage', async () => {
    const session = createSession({ refresh })
    expect(session.state).toEqual({ status: 'signed-out' })
    await session.ready
  })

  it('does nothing by itself', () => {
    let isCalled = false
    createSession({
      refresh: async () => {
        isCalled = true
        return { accessToken: 'A' }
      },
    })
    expect(isCalled).toBe(false)
  })
})
