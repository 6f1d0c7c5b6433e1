import type { IncomingMessage } from 'node:http'

import type { Provider } from 'oidc-provider'

import { parameters } from '../contract.ts'
import { cookieOf } from './cookies.ts'
import type { Passes } from './passes.ts'

/** Whose token it is, and until when. */
export interface Grant {
  readonly token: string
  readonly accountId: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** What became of a credential. The challenge is a `WWW-Authenticate`. */
export type Entry =
  | { readonly status: 200; readonly grant: Grant }
  | { readonly status: 401 | 403; readonly error: string; readonly challenge: string }

/** Where a credential may stand, besides `Authorization`. */
interface Places {
  readonly cookie?: boolean
  readonly ticket?: boolean
}

/** Looks at the credentials of one issuer. */
export interface Gate {
  /** Returns what a request came with; undefined where there is none. */
  credentialOf(request: IncomingMessage, url: URL, places?: Places): string | undefined
  /** Looks a token up at the issuer, so that a revoked one is dead at once. */
  enter(token: string | undefined, scope?: string): Promise<Entry>
}

/** The session cookie, which is a pass. */
export const sessionCookie = 'reauth-demo-session'

const realm = 'Bearer realm="reauth demo"'

/** Creates a gate for the tokens of a provider. */
export function createGate(
  provider: Provider,
  { isDenying = () => false, passes }: { isDenying?: () => boolean; passes?: Passes } = {},
): Gate {
  const passed = (pass: string | null | undefined): string | undefined =>
    // one that is unknown is a credential all the same: a dead one
    typeof pass === 'string' ? (passes?.find(pass) ?? '-') : undefined

  return {
    credentialOf(request, url, { cookie = false, ticket = false } = {}) {
      return (
        bearerOf(request) ??
        (ticket ? passed(url.searchParams.get(parameters.ticket)) : undefined) ??
        (cookie ? passed(cookieOf(request, sessionCookie)) : undefined)
      )
    },
    async enter(presented, scope = 'openid') {
      // RFC 6750 §3: a request without a token gets no error code
      if (presented === undefined) return { status: 401, error: 'unauthorized', challenge: realm }
      const token = await provider.AccessToken.find(presented)
      if (token === undefined || !token.isValid || token.exp === undefined) {
        const challenge = `${realm}, error="invalid_token", error_description="expired or revoked"`
        return { status: 401, error: 'unauthorized', challenge }
      }
      if (isDenying() || !token.scopes.has(scope)) {
        const challenge = `${realm}, error="insufficient_scope", scope="${scope}"`
        return { status: 403, error: 'insufficient_scope', challenge }
      }
      const { accountId, exp } = token
      return { status: 200, grant: { token: presented, accountId, expiresAt: exp * 1000 } }
    },
  }
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1]
}
