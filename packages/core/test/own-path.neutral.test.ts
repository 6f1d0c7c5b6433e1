import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ownPath } from '../src/own-path.ts'

const origin = 'https://app.test'

const hostile = [
  // another host, as it is
  'https://evil.test',
  'https://evil.test/chat',
  'HTTPS://EVIL.TEST/',
  'http://app.test/',
  'https://app.test:8443/',
  'https://app.test.evil.test/',
  'https://app.test@evil.test/',
  'https://user:password@evil.test/',
  'https:\\\\evil.test',
  'https:///evil.test',
  'http:evil.test',
  'ws://app.test/socket',
  'ftp://app.test/',
  // no host at all
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  '\u0001javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'about:blank',
  'mailto:someone@evil.test',
  'blob:https://evil.test/1234',
  // the scheme left out
  '//evil.test',
  '//evil.test/chat',
  '///evil.test',
  '////evil.test',
  '//app.test/chat',
  '//app.test@evil.test',
  '//evil.test:443/',
  '//[::1]/',
  '//2130706433/',
  '//',
  '//%',
  // a backslash is a slash
  '/\\evil.test',
  '\\/evil.test',
  '\\\\evil.test',
  '/\\/evil.test',
  '/\\\\evil.test',
  '/\\',
  // what a browser takes out before it looks
  '/\t/evil.test',
  '/\n/evil.test',
  '/\r/evil.test',
  '/\r\n/evil.test',
  '\t//evil.test',
  ' //evil.test',
  '\0//evil.test',
  '/\t\\evil.test',
  'https:\n//evil.test',
  // for who decodes
  '/%2Fevil.test',
  '/%2fevil.test',
  '%2F%2Fevil.test',
  '%2f/evil.test',
  '/%5Cevil.test',
  '/%5cevil.test',
  '%5C%5Cevil.test',
  '/%09/evil.test',
  '/%0A/evil.test',
  '/%0d%0a/evil.test',
  '/%0D%2Fevil.test',
  'https%3A%2F%2Fevil.test',
  'javascript%3Aalert(1)',
  // for who takes the normalized path
  '/.//evil.test',
  '/..//evil.test',
  '/./\\evil.test',
  '/chat/..//evil.test',
  '/chat/../..//evil.test',
  '/%2e//evil.test',
  '/%2E%2e//evil.test',
  '/chat/%2e%2e//evil.test',
  '/.%2F%2Fevil.test',
  '/chat/%2e%2e%2F%2Fevil.test',
  '/chat/..%5C%5Cevil.test',
  '/chat/..//?q',
  // where decoding hides it
  '/%3F/..//evil.test',
  '/%23/..//evil.test',
  '//evil.test/%zz',
]

const noPaths: readonly unknown[] = [
  '',
  ' ',
  'chat',
  'chat/42',
  './chat',
  '../chat',
  '?q=1',
  '#top',
  ' /chat',
  '\t/chat',
  'https://app.test/chat',
  'https://app.test',
  'https:/chat',
  'blob:https://app.test/1234',
  'https://',
  'https://[',
  'undefined',
  // a path, and what a browser or a server makes something else of
  '/chat\\42',
  '/chat/4\t2',
  '/chat/42\n',
  '/chat\r\nSet-Cookie: a=b',
  '/chat\0',
  '/chat\u007F',
  '/chat\u0085',
  '/chat?q=a\\b',
  '/chat?q=a\nb',
  '/chat#a\tb',
  '/chat%5C42',
  '/chat%0d%0aSet-Cookie:%20a=b',
  '/chat%00',
  '/chat%7F',
  '/chat%C2%85',
  // sequences that are none
  '/%zz',
  '/%2',
  '/%E0%A4%A',
  '/caf%E9',
  '/%C0%AF',
  '/chat/%ff?q=1',
  undefined,
  null,
  42,
  ['/chat'],
  { path: '/chat' },
]

const ordinary = [
  '/',
  '/?',
  '/#',
  '/chat/42',
  '/chat/42/',
  '/chat/42?tab=files&page=2#m-7',
  '/chat//42',
  '/login?next=https://x.test/',
  '/login?next=//x.test/',
  '/login?next=https%3A%2F%2Fx.test%2F',
  '/login#https://x.test/',
  '/#//x.test',
  '/?//x.test',
  '/?/..//x.test',
  '/search?q=a%2F%2Fb',
  '/search?q=%5Cd%2B',
  '/search?q=100%',
  '/search?q=100%25',
  '/search?q=caf%E9',
  '/search?q=%zz#%',
  '/chat#%5C%0A%zz',
  '/compose?body=Dear%20all%2C%0A%0Agood%20morning%09',
  '/100%',
  '/100%/left',
  '/100%25',
  '/100%25%20off',
  '/%25%32%46',
  '/a%20b',
  '/a b',
  '/a%2Fb',
  '/files/C%3A/temp',
  '/https://x.test/',
  '/https:%2F%2Fx.test',
  '/javascript:alert(1)',
  '/@someone',
  '/@evil.test',
  '/.evil.test',
  '/:80/',
  '/.',
  '/..',
  '/../chat',
  '/./chat',
  '/caf\u00E9',
  '/caf%C3%A9',
  '/\u4F60\u597D/\u{1F600}',
  '/\uFF0Fevil.test',
  '/!room:server.test/$event?via=server.test',
  '/#/room/!abc:server.test',
  "/a;b=c,d/e~f_g-h.i'(j)*+&=",
]

describe('ownPath', () => {
  it.each(hostile)('refuses %j as an open redirect', (value) => {
    expect(ownPath(value, origin)).toEqual({ reason: 'open-redirect' })
  })

  it.each(noPaths.map((value) => [value]))('refuses %j as malformed', (value) => {
    expect(ownPath(value, origin)).toEqual({ reason: 'malformed' })
  })

  it.each(ordinary)('gives %j as it is', (value) => {
    expect(ownPath(value, origin)).toEqual({ path: value })
  })

  it.each(['https://app.test', 'https://app.test/', 'HTTPS://App.Test', 'https://app.test:443'])(
    'takes %s for the same origin',
    (given) => {
      expect(ownPath('/chat', given)).toEqual({ path: '/chat' })
      expect(ownPath('https://app.test/', given)).toEqual({ reason: 'malformed' })
    },
  )

  it.each(['http://localhost:3000', 'https://app.test:8443', 'http://[::1]'])('works at %s', (given) => {
    expect(ownPath('/chat', given)).toEqual({ path: '/chat' })
    expect(ownPath('//evil.test', given)).toEqual({ reason: 'open-redirect' })
    expect(ownPath('https://app.test/', given)).toEqual({ reason: 'open-redirect' })
  })

  it.each([
    '',
    'null',
    'app.test',
    '/',
    'https://app.test/chat',
    'https://app.test?q',
    'file:///',
    'file://',
    'https://a@app.test',
  ])('throws a TypeError for the origin %j', (given) => {
    expect(() => ownPath('/chat', given)).toThrow(TypeError)
    expect(() => ownPath('/chat', given)).toThrow(`"${given}"`)
  })

  it('accepts nothing that leads elsewhere, whatever the text and whoever reads it', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5C',
      '%2e',
      '%',
      '%25',
      '?',
      '#',
      ':',
      '@',
      ' ',
      '\t',
      '\n',
      '\0',
      '\u0085',
      '%09',
      '%0a',
      '%00',
      'https:',
      'javascript:',
      'evil.test',
      'app.test',
      'chat',
      '%E0',
      '\uD800',
      '\uFF0F',
    )
    const any = fc.string({ unit: 'binary', maxLength: 2 })
    const text = fc.array(fc.oneof({ weight: 8, arbitrary: piece }, any), { maxLength: 8 })
    let accepted = 0
    fc.assert(
      fc.property(fc.constantFrom('/', '/', ''), text, (start, pieces) => {
        const value = start + pieces.join('')
        const { path } = ownPath(value, origin)
        if (path === undefined) return
        accepted++
        expect(path).toBe(value)
        const resolved = new URL(value, origin)
        expect(resolved.origin).toBe(origin)
        expect(new URL(resolved.pathname + resolved.search + resolved.hash, origin).origin).toBe(origin)
        const decoded = new URL(decoded1(value), origin)
        expect(decoded.origin).toBe(origin)
        expect(new URL(decoded.pathname, origin).origin).toBe(origin)
      }),
      { numRuns: 5000 },
    )
    // Or else this would show nothing.
    expect(accepted).toBeGreaterThan(200)
  })

  it('refuses nothing that a URL or a router makes of ordinary text', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((name) => name.replace(/[\\\p{Cc}]/gu, '-'))
      // What takes a segment away, or is empty once decoded, is not ordinary.
      .filter((name) => !/^\.$|\.\.|\.\/|^\//.test(name))
    const parameter = fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))
    const built = fc
      .tuple(fc.array(segment), fc.array(parameter), fc.option(segment))
      .map(([segments, parameters, hash]) => {
        const search = parameters.length === 0 ? '' : `?${new URLSearchParams(parameters).toString()}`
        return `/${segments.map(encoded).join('/')}${search}${hash === null ? '' : `#${encoded(hash)}`}`
      })
    fc.assert(
      fc.property(built, (path) => {
        expect(ownPath(path, origin)).toEqual({ path })
        const { pathname, search, hash } = new URL(path, origin)
        expect(ownPath(pathname + search + hash, origin)).toEqual({ path: pathname + search + hash })
      }),
      { numRuns: 1000 },
    )
  })

  it('looks at a long text once', () => {
    for (const text of ['/', '%', '%2F', '\\', '.', '/..', '\t', '?'])
      expect(ownPath(`/a${text.repeat(100_000)}`, origin)).toBeDefined()
  })
})

function encoded(text: string): string {
  // A lone surrogate has no encoding.
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '-'))
}

/** Decodes as the most lenient reader would: what is no sequence stays. */
function decoded1(text: string): string {
  return text.replace(/(%[\da-f]{2})+/gi, (sequence) => {
    try {
      return decodeURIComponent(sequence)
    } catch {
      return sequence
    }
  })
}
