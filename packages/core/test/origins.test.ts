import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { isSecureUrl, originMatcher } from '../src/origins.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a list of origins', () => {
  const matches = originMatcher(['https://api.example.com', 'http://localhost:3000', 'https://bücher.example:8443'])

  it.each([
    'https://api.example.com',
    'https://api.example.com/',
    'https://api.example.com/v1?q=1#top',
    'https://api.example.com?q=1',
    'https://api.example.com:443/v1',
    'HTTPS://API.EXAMPLE.COM/v1',
    'wss://api.example.com/socket',
    'https://user:password@api.example.com/v1',
    'http://localhost:3000/v1',
    'ws://localhost:3000/socket',
    'https://xn--bcher-kva.example:8443/',
    'https://bücher.example:8443/',
    'https:\\\\api.example.com\\v1',
    'https://api.example.com\\@evil.test/',
    '  https://api.example.com/v1',
  ])('matches %s', (url) => {
    expect(matches(url)).toBe(true)
    expect(matches(new URL(url))).toBe(true)
  })

  it.each([
    'https://api.example.com.evil.test/v1',
    'https://api.example.com:8443/v1',
    'https://api.example.community/',
    'https://api.example.com@evil.test/',
    'https://api.example.com%2f@evil.test/',
    'https://evil.test/https://api.example.com/',
    'https://evil.test\\@api.example.com/',
    'https://evil.test#@api.example.com/',
    'https://example.com/',
    'https://sub.api.example.com/',
    'http://api.example.com/',
    'ws://api.example.com/',
    'https://localhost:3000/',
    'http://localhost:3001/',
    'http://localhost/',
    'https://api.example.com./',
    'ftp://api.example.com/',
    'blob:https://api.example.com/1234',
    'data:text/html,https://api.example.com/',
    'javascript:https://api.example.com/',
  ])('leaves %s alone', (url) => {
    expect(matches(url)).toBe(false)
    expect(matches(new URL(url))).toBe(false)
  })

  it.each([
    '/v1',
    '//api.example.com/v1',
    'api.example.com',
    'v1',
    '',
    '?q',
    'https://',
    'null',
    'https://[',
    'http://a b/',
  ])('leaves what is no absolute URL alone: %s', (url) => {
    expect(matches(url)).toBe(false)
  })

  it('matches nothing if it is empty', () => {
    expect(originMatcher([])('https://api.example.com/')).toBe(false)
  })

  it('accepts nothing whose origin is not in it, whatever the text', () => {
    const piece = fc.constantFrom(
      'https:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '443',
      '.',
      '?',
      '#',
      '%2f',
      '\t',
      '\n',
      ' ',
      'evil.test',
    )
    const known = fc.constantFrom(
      'https://api.example.com',
      'http://localhost:3000',
      'wss://api.example.com',
      'api.example.com',
    )
    const text = fc.array(fc.oneof({ weight: 2, arbitrary: known }, piece, fc.string({ unit: 'binary', maxLength: 3 })))
    const url = fc.oneof(
      text.map((pieces) => pieces.join('')),
      fc.webUrl({ withQueryParameters: true }),
    )
    fc.assert(
      fc.property(url, (candidate) => {
        if (!matches(candidate)) return
        const { protocol, host } = new URL(candidate)
        const origin = `${protocol.replace(/^ws/, 'http')}//${host}`
        expect(['https://api.example.com', 'http://localhost:3000', 'https://xn--bcher-kva.example:8443']).toContain(
          origin,
        )
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an entry of the list', () => {
  it.each([
    'https://api.example.com',
    'https://api.example.com:8443',
    'wss://api.example.com',
    'HTTPS://API.example.com',
    'http://localhost',
    'http://app.localhost:5173',
    'http://127.100.20.3:8080',
    'https://ws.example.com',
    'wss://ws.example.com',
    'http://127.0.0.1:8080',
    'http://127.9.9.9',
    'http://[::1]:8080',
    'ws://localhost:3000',
  ])('may be %s', (origin) => {
    expect(originMatcher([origin])(`${origin}/path`)).toBe(true)
  })

  it.each([
    'https://api.example.com/v1',
    'https://api.example.com?x',
    'https://api.example.com#x',
    'https://user@api.example.com',
    'http://api.example.com',
    'ws://api.example.com',
    'http://localhost.evil.test',
    'http://evil-localhost',
    'http://evil127.0.0.1.test',
    'http://127.0.0.1.evil.test',
    'http://192.168.1.10',
    'http://0.0.0.0',
    'http://[::2]',
    'ftp://api.example.com',
    'file:///etc/passwd',
    'blob:https://api.example.com/1',
    'data:text/plain,x',
    'api.example.com',
    '*',
    '/',
    '',
    'null',
    'self',
  ])('may not be %s: a TypeError that names it', (origin) => {
    expect(() => originMatcher([origin])).toThrow(TypeError)
    expect(() => originMatcher([origin])).toThrow(`"${origin}"`)
  })

  it('is read when the matcher is made, and not again', () => {
    const list = ['https://api.example.com']
    const matches = originMatcher(list)
    list.push('https://evil.test')
    expect(matches('https://evil.test/')).toBe(false)
  })
})

describe('a function', () => {
  it('is taken at its word', () => {
    const anywhere = (): boolean => true
    expect(originMatcher(anywhere)).toBe(anywhere)
  })
})

describe('without the option', () => {
  it('matches nothing outside of a page', () => {
    expect(originMatcher()('http://localhost/')).toBe(false)
  })

  it("matches the page's own origin and no other", () => {
    vi.stubGlobal('location', { origin: 'https://app.example.com' })
    const matches = originMatcher()
    expect(matches('https://app.example.com/api')).toBe(true)
    expect(matches('https://api.example.com/')).toBe(false)
  })

  it.each(['http://app.example.com', 'null', 'file://', 'chrome-extension://abcdef', ''])(
    'matches nothing in a page whose origin is "%s"',
    (origin) => {
      vi.stubGlobal('location', { origin })
      expect(originMatcher()(`${origin}/api`)).toBe(false)
    },
  )
})

describe('isSecureUrl', () => {
  it.each([
    ['https://example.com/x', true],
    ['http://example.com/x', false],
    ['http://localhost/x', true],
    ['http://127.0.0.1/x', true],
    ['http://2130706433/', true],
    ['http://[::1]/x', true],
    ['http://localhost.evil.test/', false],
    ['http://evil-localhost/', false],
    ['http://evil.test/localhost', false],
    ['ftp://localhost/', false],
  ])('%s: %s', (url, isSecure) => {
    expect(isSecureUrl(url)).toBe(isSecure)
    expect(isSecureUrl(new URL(url))).toBe(isSecure)
  })
})

describe('a wildcard', () => {
  it('is a TypeError, since it would never match', () => {
    expect(() => originMatcher(['https://*.example.com'])).toThrow(TypeError)
  })
})
