import type { ServerResponse } from 'node:http'

import { createSession, parseTokenResponse } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { kyAuth } from '@reauth/fetch/ky'
import { deferred } from '@reauth/testkit'
import ky from 'ky'
import { describe, expect, vi } from 'vitest'

import { caught } from './caught.ts'
import { listen } from './listen.ts'
import { it } from './over-http.ts'

const redirectTo =
  (location: string, code = 302) =>
  (_incoming: unknown, outgoing: ServerResponse): void => {
    outgoing.writeHead(code, { location }).end('moved')
  }

describe('a redirect', () => {
  it('within the origin is followed with the credential, and its 401 is a refusal', async ({ world }) => {
    await using front = await listen((incoming, outgoing) => {
      if (incoming.url === '/old') return redirectTo('/new')(incoming, outgoing)
      const status = incoming.headers.authorization === 'Bearer a2' ? 200 : 401
      outgoing.writeHead(status).end()
    })
    let refreshes = 0
    const session = createSession({
      platform: world.clock,
      origins: [front.origin],
      refresh: async () => parseTokenResponse({ access_token: `a${++refreshes + 1}` }),
    })
    await session.signIn({ accessToken: 'a1' })

    const response = await createFetch(session)(`${front.origin}/old`)

    expect(response.status).toBe(200)
    expect(response).toMatchObject({ redirected: true, url: `${front.origin}/new` })
    expect(refreshes).toBe(1)
  })

  it.for([301, 302, 303, 307, 308])(
    'with %d to another origin takes no token there, and the 401 from there is no refusal',
    async (code, { world }) => {
      await using front = await listen(redirectTo(`${world.strangerOrigin}/landed`, code))
      const session = world.signIn({ origins: [front.origin] })

      const response = await createFetch(session)(`${front.origin}/`)

      expect(response.status).toBe(401)
      expect(response.url).toBe(`${world.strangerOrigin}/landed`)
      expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined])
      expect(world.issuer.leaks).toEqual([])
      expect(world.issuer.tokenPosts).toBe(0)
    },
  )

  it('to another origin that is listed takes no token there either, as fetch has it', async ({ world }) => {
    await using front = await listen(redirectTo(`${world.strangerOrigin}/landed`))
    const session = world.signIn({ origins: [front.origin, world.strangerOrigin] })

    const response = await createFetch(session)(`${front.origin}/`)

    expect(response.status).toBe(401)
    expect(world.strays.map(({ headers }) => headers['authorization'])).toEqual([undefined])
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('from an origin that is not listed to one that is takes no token', async ({ world }) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    await using front = await listen(redirectTo(world.url('/api/items')))

    const response = await createFetch(world.signIn())(`${front.origin}/`)

    expect(response.status).toBe(401)
    expect(world.calls.map(({ accessToken }) => accessToken)).toEqual([undefined])
    expect(world.issuer.tokenPosts).toBe(0)
    expect(warn).toHaveBeenCalledOnce()
  })

  it.for(['manual', 'error'] as const)('is left to the caller who says %s', async (redirect, { world }) => {
    await using front = await listen(redirectTo(`${world.strangerOrigin}/landed`))
    const session = world.signIn({ origins: [front.origin] })
    const bare = await caught(fetch(`${front.origin}/`, { redirect }).then(describeAnswer))

    const answer = await caught(createFetch(session)(`${front.origin}/`, { redirect }).then(describeAnswer))

    expect(answer).toEqual(bare)
    expect(world.strays).toEqual([])
  })

  it('is left to the caller of a Request that says manual', async ({ world }) => {
    await using front = await listen(redirectTo(`${world.strangerOrigin}/landed`))
    const session = world.signIn({ origins: [front.origin] })

    const response = await createFetch(session)(new Request(`${front.origin}/`, { redirect: 'manual' }))

    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(`${world.strangerOrigin}/landed`)
  })
})

const describeAnswer = async (response: Response): Promise<unknown> => {
  const { status, type, url, redirected } = response
  return { status, type, url, redirected, text: await response.text() }
}

describe('a connection', () => {
  it('is free for the replay, though nobody read the 401 to its end', async ({ world }) => {
    const served: number[] = []
    await using api = await listen((incoming, outgoing) => {
      served.push(incoming.socket.remotePort!)
      if (incoming.headers.authorization !== 'Bearer a1') {
        outgoing.end('fine')
        return
      }
      outgoing.writeHead(401)
      // It never ends: only a cancelled body lets go of the connection.
      outgoing.write('the beginning of an explanation')
      incoming.socket.once('close', () => {
        closed.resolve()
      })
    })
    const closed = deferred()
    const session = createSession({
      platform: world.clock,
      origins: [api.origin],
      refresh: async () => ({ accessToken: 'a2' }),
    })
    await session.signIn({ accessToken: 'a1' })

    const response = await createFetch(session)(`${api.origin}/`)

    expect(await response.text()).toBe('fine')
    await closed.promise
  })

  it('is reset before the answer: the call rejects as fetch does, and costs no refresh', async ({ world }) => {
    await using api = await listen((incoming) => {
      incoming.socket.resetAndDestroy()
    })
    const session = world.signIn({ origins: [api.origin] })

    const error = await caught(createFetch(session)(`${api.origin}/`))

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: 'fetch failed' })
    expect(world.issuer.tokenPosts).toBe(0)
  })

  it('ends with the session while the body comes in', async ({ world }) => {
    const closed = deferred()
    await using api = await listen((incoming, outgoing) => {
      outgoing.write('the beginning')
      incoming.socket.once('close', () => {
        closed.resolve()
      })
    })
    const session = world.signIn({ origins: [api.origin] })
    const response = await createFetch(session)(`${api.origin}/`)
    const text = caught(response.text())

    await session.signOut()

    expect(await text).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
    await closed.promise
  })

  it('of ky ends with the session while the body comes in', async ({ world }) => {
    await using api = await listen((_incoming, outgoing) => {
      outgoing.write('the beginning')
    })
    const session = world.signIn({ origins: [api.origin] })
    const response = await ky.extend(kyAuth(session))(`${api.origin}/`)
    const text = caught(response.text())

    await session.signOut()

    expect(await text).toMatchObject({ name: 'AuthenticationError', reason: 'signed-out' })
  })

  it('takes an upload once, and a 401 before its end gets back to the caller', async ({ world }) => {
    const seen: number[] = []
    await using api = await listen((incoming, outgoing) => {
      seen.push(1)
      outgoing.writeHead(401, { connection: 'close' }).end('too early')
      incoming.resume()
    })
    const session = world.signIn({ origins: [api.origin] })
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024))
        if (++pulled === 8) controller.close()
      },
    })

    const response = await createFetch(session)(`${api.origin}/`, {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe('too early')
    expect(seen).toHaveLength(1)
    await new Promise((resolve) => {
      session.on('refreshed', resolve)
    })
  })
})

describe('many requests of one session', () => {
  it('make Node warn of no leak', async ({ world }) => {
    const warnings: string[] = []
    const note = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', note)
    const authFetch = createFetch(world.signIn())

    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 100 }, () => authFetch(world.url('/api/items')).then((r) => r.text())))
    }

    process.off('warning', note)
    expect(warnings).toEqual([])
    expect(world.issuer.apiRequests.ok).toBe(2000)
  })
})
