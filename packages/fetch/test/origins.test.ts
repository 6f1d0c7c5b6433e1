import type { TraceEntry } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { afterEach, describe, expect, vi } from 'vitest'

import { it, useMsw } from './over-msw.ts'
import { recordingFetch } from './sent.ts'

useMsw()

afterEach(() => {
  vi.unstubAllGlobals()
})

const unlisted = [
  'https://elsewhere.test/api',
  'https://issuer.test.elsewhere.test/api',
  'https://issuer.testing/api',
  'https://sub.issuer.test/api',
  'https://issuer.test:8443/api',
  'http://issuer.test/api',
  '\thttps://elsewhere.test/https://issuer.test/',
  'https:\\\\elsewhere.test\\@issuer.test/',
  'https://elsewhere.test/?at=https://issuer.test/',
  'https://elsewhere.test/#https://issuer.test/',
]

describe('an origin that is not listed', () => {
  it.for(unlisted)('gets no credential: %s', async (url, { world }) => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const authFetch = createFetch(world.signIn())

    for (const input of [url, new URL(url), new Request(new URL(url))]) {
      const response = await authFetch(input)
      expect(response.status).toBe(401)
    }

    expect(world.strays).toHaveLength(3)
    expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined, undefined])
    expect(world.calls).toHaveLength(0)
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('gets no credential where the listed one is only a user name', async ({ world }) => {
    const send = recordingFetch()
    const authFetch = createFetch(world.signIn(), { fetch: send })

    // Not a request that fetch would send; a fetch of the application might.
    await expect(authFetch('https://issuer.test@elsewhere.test/api')).rejects.toThrow(TypeError)

    expect(send.sent).toEqual([{ input: 'https://issuer.test@elsewhere.test/api', init: undefined }])
  })

  it('has what it gets passed through untouched', async ({ world }) => {
    const send = recordingFetch()
    const authFetch = createFetch(world.signIn({ trace: () => {} }), { fetch: send, authorization: 'replace' })
    const init: RequestInit = { method: 'POST', headers: { authorization: 'Basic Zm9v' }, body: 'text' }

    await authFetch('https://elsewhere.test/', init)

    expect(send.sent).toHaveLength(1)
    expect(send.sent[0]?.input).toBe('https://elsewhere.test/')
    expect(send.sent[0]?.init).toBe(init)
  })

  it('lives on when the session ends', async ({ world }) => {
    const session = world.signIn()
    const send = recordingFetch()
    const sent = createFetch(session, { fetch: send })('https://elsewhere.test/', { headers: { authorization: 'x' } })
    await session.signOut()

    expect((await sent).status).toBe(401)
    expect(send.sent[0]?.init?.signal).toBeUndefined()
  })

  it('is told of once, with the line to add, when it answers 401', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const authFetch = createFetch(world.signIn())

    await authFetch('https://elsewhere.test/one?secret=1')
    await authFetch(new URL('https://elsewhere.test/two'))
    await authFetch(new Request('https://third.test/'))

    const lines = warn.mock.calls.map((words) => words.join(' '))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain("origins: ['https://elsewhere.test']")
    expect(lines[1]).toContain("origins: ['https://third.test']")
    expect(lines.join()).not.toContain('secret')
  })

  it('is told of in the trace where there is one', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const entries: TraceEntry[] = []
    const session = world.signIn({ name: 'alices', trace: (entry) => entries.push(entry) })

    await createFetch(session)('https://elsewhere.test/one?secret=1')

    expect(warn).not.toHaveBeenCalled()
    expect(entries.filter(({ type }) => type === 'warning')).toMatchObject([
      {
        level: 'warn',
        session: 'alices',
        origin: 'https://elsewhere.test',
        reason: expect.stringContaining("origins: ['https://elsewhere.test']"),
      },
    ])
    expect(JSON.stringify(entries)).not.toContain('secret')
  })

  it('is not told of when it answers anything else', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const authFetch = createFetch(world.signIn(), { fetch: async () => new Response(null, { status: 403 }) })

    await authFetch('https://elsewhere.test/')

    expect(warn).not.toHaveBeenCalled()
  })

  it('includes every origin, where there is no page and nothing is listed', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const session = world.signIn({ origins: undefined! })

    expect((await createFetch(session)(world.url('/api/items'))).status).toBe(401)

    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
    expect(warn).toHaveBeenCalledOnce()
    expect(world.issuer.tokenPosts).toBe(0)
  })
})

describe('an origin that is listed', () => {
  it.for([
    'https://issuer.test',
    'https://issuer.test?x=1',
    'https://issuer.test/',
    'HTTPS://ISSUER.TEST/api/items',
    'https://issuer.test:443/api/items',
    ' \n https://issuer.test/api/items',
    'https:\\\\issuer.test\\api\\items',
    'https://someone@issuer.test/api/items',
    '//issuer.test/api/items',
  ])('gets the credential however it is written: %j', async (url, { world }) => {
    if (url.startsWith('//')) vi.stubGlobal('location', new URL('https://issuer.test/'))
    const send = recordingFetch()
    const authFetch = createFetch(world.signIn(), {
      fetch: (input, init) => {
        send.sent.push({ input, init })
        return Promise.resolve(new Response())
      },
    })

    await authFetch(url)

    expect(new Headers(send.sent[0]?.init?.headers).get('authorization')).toMatch(/^Bearer /)
    expect(send.sent[0]?.input).toBe(url)
  })

  it('is the page itself where nothing is listed, and relative URLs resolve against it', async ({ world }) => {
    vi.stubGlobal('location', new URL('https://issuer.test/app/index.html'))
    const sent: Request[] = []
    const session = world.signIn({ origins: undefined! })
    const authFetch = createFetch(session, {
      fetch: async (input, init) => {
        sent.push(new Request(new URL(input as string, 'https://issuer.test/app/index.html'), init))
        return new Response()
      },
    })

    for (const url of ['/api', 'items', '?page=2', '', '//issuer.test/', '../up']) await authFetch(url)
    for (const url of ['//elsewhere.test/', 'https://elsewhere.test/']) await authFetch(url)

    expect(sent.map((request) => [request.url, request.headers.has('authorization')])).toEqual([
      ['https://issuer.test/api', true],
      ['https://issuer.test/app/items', true],
      ['https://issuer.test/app/index.html?page=2', true],
      ['https://issuer.test/app/index.html', true],
      ['https://issuer.test/', true],
      ['https://issuer.test/up', true],
      ['https://elsewhere.test/', false],
      ['https://elsewhere.test/', false],
    ])
  })

  it('is resolved against the base of a document that has one', async ({ world }) => {
    vi.stubGlobal('location', new URL('https://page.test/'))
    vi.stubGlobal('document', { baseURI: 'https://elsewhere.test/' })
    const sent: (RequestInit | undefined)[] = []
    const session = world.signIn({ origins: ['https://page.test'] })
    const authFetch = createFetch(session, {
      fetch: async (_input, init) => {
        sent.push(init)
        return new Response()
      },
    })

    await authFetch('/api')

    expect(new Headers(sent[0]?.headers).has('authorization')).toBe(false)
  })
})

describe('a matcher of the application', () => {
  it('is asked with absolute URLs only', async ({ world }) => {
    vi.stubGlobal('location', new URL('https://issuer.test/app/'))
    const asked: string[] = []
    const session = world.signIn({
      origins(url) {
        asked.push(String(url))
        return new URL(url).origin === 'https://issuer.test'
      },
    })
    const authFetch = createFetch(session, { fetch: async () => new Response() })

    await authFetch('/api/items')
    await authFetch('//elsewhere.test/')

    expect(asked.every((url) => URL.canParse(url))).toBe(true)
  })

  it('is taken at its word', async ({ world }) => {
    const session = world.signIn({ origins: (url) => new URL(url).pathname.startsWith('/api/') })
    const sent: (RequestInit | undefined)[] = []
    const authFetch = createFetch(session, {
      fetch: async (_input, init) => {
        sent.push(init)
        return new Response()
      },
    })

    await authFetch('http://plain.test/api/items')
    await authFetch('http://plain.test/other')

    expect(sent.map((init) => new Headers(init?.headers).has('authorization'))).toEqual([true, false])
  })
})

describe('what is no http', () => {
  it.for(['data:text/plain,hello', 'blob:https://issuer.test/3a1e5c1e-0000-4000-8000-000000000000'])(
    'is passed through: %s',
    async (url, { world }) => {
      const sent: (RequestInit | undefined)[] = []
      const authFetch = createFetch(world.signIn(), {
        fetch: async (_input, init) => {
          sent.push(init)
          return new Response()
        },
      })

      await authFetch(url)

      expect(sent).toEqual([undefined])
    },
  )
})
