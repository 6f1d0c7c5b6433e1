import { resolveBroker } from '@reauth/fetch'
import { describe, expect, it } from 'vitest'

const page = 'https://app.test'

describe('resolveBroker', () => {
  it.for<[string, { configured?: string; stored?: string; page: string }, string | undefined]>([
    ['nothing', { page }, undefined],
    ['what is configured', { configured: 'https://broker.test', page }, 'https://broker.test'],
    [
      'what is configured before what was stored',
      { configured: 'https://broker.test', stored: 'https://old.test', page },
      'https://broker.test',
    ],
    ['what is configured, also as the page itself', { configured: page, page }, page],
    ['what was stored', { stored: 'https://broker.test', page }, 'https://broker.test'],
    ['what was stored, also with a path at the page', { stored: `${page}/broker`, page }, `${page}/broker`],
    ['what was stored for another port', { stored: `${page}:8443`, page }, `${page}:8443`],
    ['what was stored for another scheme', { stored: 'http://app.test', page }, 'http://app.test'],
    ['what was stored for a subdomain', { stored: 'https://broker.app.test', page }, 'https://broker.app.test'],
    [
      'what was stored where the configuration is empty',
      { configured: '', stored: 'https://b.test', page },
      'https://b.test',
    ],
    ['nothing for the page itself', { stored: page, page }, undefined],
    ['nothing for the page itself with a slash', { stored: `${page}/`, page }, undefined],
    ['nothing for the page itself in capitals', { stored: 'HTTPS://APP.TEST', page }, undefined],
    ['nothing for the page itself with its default port', { stored: `${page}:443`, page }, undefined],
    ['nothing for the page itself with spaces around', { stored: ` ${page} `, page }, undefined],
    [
      'nothing for the page given by another of its addresses',
      { stored: page, page: `${page}/deep/path?x#y` },
      undefined,
    ],
    ['nothing for an empty value', { stored: '', page }, undefined],
    ['nothing for what is no URL', { stored: 'undefined', page }, undefined],
    ['nothing for a path', { stored: '/broker', page }, undefined],
  ])('returns %s', ([, given, expected]) => {
    expect(resolveBroker(given)).toBe(expected)
  })

  it('lets a stale value disable nothing: the address is derived anew', () => {
    const derived = (): string => 'https://derived.test'

    expect(resolveBroker({ stored: page, page }) ?? derived()).toBe('https://derived.test')
  })
})
