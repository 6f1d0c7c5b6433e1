import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ownPath } from '../src/own-path.ts'
import { noPaths, openRedirects, ordinaryPaths, origin, texts } from './support/paths.ts'

describe('ownPath', () => {
  it('is tried with hundreds of hostile texts and dozens of ordinary paths, each once', () => {
    expect(openRedirects.length).toBeGreaterThan(200)
    expect(ordinaryPaths.length).toBeGreaterThan(50)
    const all = [...openRedirects, ...noPaths, ...ordinaryPaths]
    expect(new Set(all).size).toBe(all.length)
  })

  it.each(ordinaryPaths)(
    'gives %j, which stays at the origin for whoever resolves it, as it is or decoded',
    (value) => {
      for (const text of [value, decoded1(value)]) {
        const { origin: resolved, pathname } = new URL(text, origin)
        expect(resolved).toBe(origin)
        expect(new URL(pathname, origin).origin).toBe(origin)
      }
    },
  )

  it.each(openRedirects)('refuses %j as an open redirect', (value) => {
    expect(ownPath(value, origin)).toEqual({ reason: 'open-redirect' })
  })

  it.each(noPaths.map((value) => [value]))('refuses %j as malformed', (value) => {
    expect(ownPath(value, origin)).toEqual({ reason: 'malformed' })
  })

  it.each(ordinaryPaths)('gives %j as it is', (value) => {
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
    let accepted = 0
    fc.assert(
      fc.property(texts, (value) => {
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
