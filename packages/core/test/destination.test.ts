import { afterEach, expect, it, vi } from 'vitest'

import { authorizationOf } from '../src/authorization.ts'
import { checkListed, resolveUrl } from '../src/destination.ts'
import { staticSource } from '../src/static-source.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

it.each([
  ['the base of the document', { document: { baseURI: 'https://a.test/base/' } }, 'https://a.test/base/x'],
  ['the address of a worker', { location: { href: 'https://b.test/worker.js' } }, 'https://b.test/x'],
])('resolves a relative address by %s', (_what, globals, expected) => {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
  expect(resolveUrl('x').href).toBe(expected)
})

it('says what a relative address lacks where there is no page', () => {
  expect(() => resolveUrl('/x')).toThrow(TypeError)
  expect(() => resolveUrl('/x')).toThrow('absolute URL')
})

it('names the line that lets a credential go somewhere', () => {
  const source = staticSource('token', { origins: ['https://a.test'] })
  expect(checkListed(source, new URL('wss://a.test/x')).host).toBe('a.test')
  expect(() => checkListed(source, new URL('wss://b.test/x'))).toThrow("add origins: ['https://b.test']")
})

it('writes no header for a cookie', async () => {
  const credential = await staticSource('token', { origins: [] }).acquire()
  expect(authorizationOf(credential)).toBe('Bearer token')
  expect(authorizationOf({ epoch: 1, version: 1, tokenType: 'Bearer' })).toBeUndefined()
})
