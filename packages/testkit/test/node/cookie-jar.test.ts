import { createCookieJar } from '@reauth/testkit/node'
import { describe, expect, it } from 'vitest'

const page = { origin: 'https://app.test' }

const create = () => {
  const seen: (string | null)[] = []
  const jar = createCookieJar(async (input) => {
    const { headers, url } = input as Request
    seen.push(headers.get('cookie'))
    const cookies = new URL(url).searchParams.getAll('set')
    return new Response(null, { headers: cookies.map((line): [string, string] => ['set-cookie', line]) })
  }, page)
  return { jar, seen }
}

describe('createCookieJar', () => {
  it('sends what it was given, to the origin that gave it', async () => {
    const { jar, seen } = create()
    await jar.fetch('https://app.test/?set=a=1;%20Path=/&set=b=2')
    await jar.fetch('https://app.test/')
    await jar.fetch('https://api.test/', { credentials: 'include' })
    expect(seen).toEqual([null, 'a=1; b=2', null])
  })

  it('replaces a cookie, and forgets one whose Max-Age is 0', async () => {
    const { jar } = create()
    await jar.fetch('https://app.test/?set=a=1&set=b=2')
    await jar.fetch('https://app.test/?set=a=3&set=b=;Max-Age=0')
    expect([...jar.cookies(page.origin)]).toEqual([['a', '3']])
  })

  it('leaves another origin alone unless the request includes credentials, and any where it omits them', async () => {
    const { jar, seen } = create()
    await jar.fetch('https://api.test/?set=a=1')
    await jar.fetch('https://api.test/?set=b=2', { credentials: 'include' })
    await jar.fetch('https://api.test/')
    await jar.fetch('https://api.test/', { credentials: 'include' })
    await jar.fetch('https://api.test/', { credentials: 'omit' })
    expect(seen).toEqual([null, null, null, 'b=2', null])
  })
})
