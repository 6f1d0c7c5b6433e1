import type { TokenSet } from '@reauth/core'
import type { OAuth } from '@reauth/oauth'

import { paths } from '../src/contract.ts'
import type { Demo } from '../src/server/start-demo.ts'

/** Somebody with a browser that runs no script: it has cookies, follows redirects and fills in the issuer's form. */
export interface Person {
  /** Asks as the demo's page does, with cookies. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Signs in at the main issuer, with the page as the client. */
  signIn(oauth: OAuth): Promise<TokenSet>
  /** Goes where it is sent, and says who it is where it is asked. Returns the first address that is the one, unvisited. */
  travel(start: string | URL, isThere: (url: URL) => boolean): Promise<URL>
  /** Signs in at the broker. */
  signInAtBroker(): Promise<void>
  cookie(name: string): string | undefined
}

interface Cookie {
  readonly value: string
  readonly path: string
}

export function createPerson({ url: page }: Pick<Demo, 'url'>, id: string): Person {
  const { origin } = new URL(page)
  const cookies = new Map<string, Cookie>()

  function keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /; *path=([^;]+)/i.exec(line)?.[1] ?? '/'
      if (value === '' || /; *max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, { value, path })
    }
  }

  async function ask(address: string | URL, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address)
    const fitting = [...cookies].filter(([, { path }]) => url.pathname.startsWith(path))
    const headers = new Headers(init.headers)
    headers.set('cookie', fitting.map(([name, { value }]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    keep(response)
    return response
  }

  async function travel(start: string | URL, isThere: (url: URL) => boolean): Promise<URL> {
    let url = new URL(start)
    for (let step = 0; !isThere(url); step++) {
      if (step > 20) throw new Error(`Lost at ${url.origin}${url.pathname}`)
      // oxlint-disable-next-line no-await-in-loop
      let response = await ask(url)
      if (response.status === 200) {
        const body = new URLSearchParams({ person: id })
        // oxlint-disable-next-line no-await-in-loop
        response = await ask(url, { method: 'POST', body })
      }
      const location = response.headers.get('location')
      if (location === null) throw new Error(`${url.origin}${url.pathname} answered ${response.status}`)
      url = new URL(location, url)
    }
    return url
  }

  const isPage = (url: URL): boolean => url.origin === origin && url.pathname === '/'
  return {
    fetch: (url, init = {}) => ask(url, { ...init, headers: { ...headersIn(init), origin } }),
    travel,
    async signIn(oauth) {
      const signedIn = await oauth.handleCallback(await travel(await oauth.authorize(), isPage))
      if (signedIn === undefined) throw new Error('The sign-in brought nothing')
      return signedIn.tokens
    },
    async signInAtBroker() {
      await travel(origin + paths.brokerSignIn, isPage)
    },
    cookie: (name) => cookies.get(name)?.value,
  }
}

const headersIn = ({ headers }: RequestInit): Record<string, string> => Object.fromEntries(new Headers(headers))
