import { RefreshError } from '@reauth/core'
import { refreshEndpoint } from '@reauth/fetch'
import { createCookieJar } from '@reauth/testkit/node'
import { describe, expect } from 'vitest'

import { caught } from './caught.ts'
import { listen } from './listen.ts'
import { it } from './over-http.ts'

const secret = { accessToken: 'ACCESS-1', refreshToken: 'REFRESH-1' }

/** Refreshes once at an address; returns what it rejects with. */
async function failureAt(url: string): Promise<RefreshError> {
  const { signal } = new AbortController()
  const failure = await caught(refreshEndpoint(url)({ tokens: secret, reason: 'stale', signal }))
  expect(failure).toBeInstanceOf(RefreshError)
  expect(`${(failure as RefreshError).message} ${JSON.stringify(failure)}`).not.toMatch(/REFRESH-|ACCESS-/)
  return failure as RefreshError
}

describe('an endpoint', () => {
  it('that nobody listens at got nothing: unavailable', async () => {
    const gone = await listen(() => {})
    await gone[Symbol.asyncDispose]()

    expect(await failureAt(`${gone.origin}/refresh`)).toMatchObject({ reason: 'unavailable', sent: false })
  })

  it('that resets the connection may have got it: lost', async () => {
    let received = ''
    await using broker = await listen((incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.toString()
        incoming.socket.resetAndDestroy()
      })
    })

    const failure = await failureAt(`${broker.origin}/refresh`)

    expect(received).toContain('REFRESH-1')
    expect(failure).toMatchObject({ reason: 'lost' })
    expect(failure.sent).not.toBe(false)
  })

  it('that closes the connection without an answer may have got it: lost', async () => {
    await using broker = await listen((incoming) => {
      incoming.socket.end()
    })

    expect(await failureAt(`${broker.origin}/refresh`)).toMatchObject({ reason: 'lost' })
  })

  it('whose answer is cut off has spent it: lost', async () => {
    await using broker = await listen((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      outgoing.write('{"access_token":"ACCESS-2"', () => {
        outgoing.destroy()
      })
    })

    expect(await failureAt(`${broker.origin}/refresh`)).toMatchObject({ reason: 'lost', sent: true })
  })

  it('whose 401 is cut off has rejected the token all the same', async () => {
    await using broker = await listen((_incoming, outgoing) => {
      outgoing.writeHead(401, { 'content-type': 'application/json', 'content-length': '100' })
      outgoing.write('{"error":', () => {
        outgoing.destroy()
      })
    })

    expect(await failureAt(`${broker.origin}/refresh`)).toMatchObject({ reason: 'rejected' })
  })

  it.for([301, 302, 303, 307, 308])('that redirects with %d has nothing follow it', async (code) => {
    const landed: string[] = []
    await using elsewhere = await listen((incoming, outgoing) => {
      landed.push(incoming.url ?? '')
      outgoing.end('{}')
    })
    await using broker = await listen((_incoming, outgoing) => {
      outgoing.writeHead(code, { location: `${elsewhere.origin}/` }).end('{"access_token":"ACCESS-2"}')
    })

    expect(await failureAt(`${broker.origin}/refresh`)).toMatchObject({ reason: 'unavailable' })
    expect(landed).toEqual([])
  })
})

describe('a cookie endpoint', () => {
  it('is sent the cookie and no token, and its answer is kept as a cookie', async ({ world }) => {
    const jar = createCookieJar(fetch, { origin: world.url('') })
    await jar.fetch(world.url('/cookie/sign-in?identity=alice'))
    const before = jar.cookies(world.url('')).get('refresh_token')
    const refresh = refreshEndpoint(world.url('/cookie/refresh'), {
      fetch: jar.fetch,
      // A cookie has the token; what is left to read is how long it lives.
      parse: () => ({ accessToken: 'in-a-cookie', expiresInMs: 300_000 }),
    })

    const { signal } = new AbortController()
    await refresh({ tokens: { accessToken: 'in-a-cookie' }, reason: 'stale', signal })

    const [exchange] = world.issuer.exchanges.filter(({ kind }) => kind === 'token')
    expect(exchange).toMatchObject({ method: 'POST', answer: 200 })
    expect(exchange?.body).toHaveLength(0)
    expect(exchange?.headers['authorization']).toBeUndefined()
    expect(jar.cookies(world.url('')).get('refresh_token')).not.toBe(before)
  })
})
