import {
  askForTokens,
  isSecureUrl,
  parseTokenResponse,
  readTokenAnswer,
  RefreshError,
  tokenError,
  type TokenSet,
} from '@reauth/core'
import * as oauth from 'oauth4webapi'

import type { DpopKey, OAuthOptions } from './oauth-options.ts'

/** What every request of oauth4webapi takes. */
interface Sending {
  readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: boolean
  readonly signal?: AbortSignal
  readonly DPoP?: oauth.DPoPHandle
}

/** One endpoint of the issuer that gives tokens: how it is asked, and how its answer is checked. */
interface Grant {
  send(server: oauth.AuthorizationServer, options: Sending): Promise<Response>
  readonly process: (
    server: oauth.AuthorizationServer,
    client: oauth.Client,
    response: Response,
    checks?: oauth.ProcessAuthorizationCodeResponseOptions,
  ) => Promise<oauth.TokenEndpointResponse>
  readonly checks?: oauth.ProcessAuthorizationCodeResponseOptions
  /** The error codes that are verdicts on what was presented. @default ['invalid_grant'] */
  readonly verdicts?: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** The issuer, as far as the grants need it. */
export interface Issuer {
  readonly client: oauth.Client
  readonly auth: oauth.ClientAuth
  readonly sending: Sending
  /** Reads the metadata, once; a failure is not remembered. */
  discover(): Promise<oauth.AuthorizationServer>
  /** The key that tokens are bound to, if they are. */
  key(): Promise<oauth.DPoPHandle | undefined>
  /** Asks for tokens. Rejects with a `RefreshError` that says what happened. */
  tokensBy(grant: Grant): Promise<TokenSet>
}

/**
 * How far the clock of a machine may be off, in seconds. The ID token comes from the issuer itself over TLS, with the
 * nonce of this sign-in: its times guard against nothing that these do not.
 */
const clockToleranceS = 43_200

/** How long all wait for the metadata, in ms, before somebody tries again. */
const discoveryMs = 10_000

const who = 'The issuer'

/** Throws a `TypeError` for an issuer that is not https, unless it is on loopback and that is allowed. */
export function createIssuer(options: OAuthOptions): Issuer {
  const { clientId, clientAuth = oauth.None(), dpop, allowInsecureRequests = false } = options
  const issuer = new URL(options.issuer)
  if (issuer.protocol !== 'https:' && !allowInsecureRequests)
    throw new TypeError(`issuer: ${issuer.origin} is not https; allowInsecureRequests is for one on loopback`)
  check(issuer)
  const client: oauth.Client = { client_id: clientId, [oauth.clockTolerance]: clockToleranceS }
  const sending: Sending = {
    [oauth.customFetch]: async (url, init) => {
      check(new URL(url))
      return (options.fetch ?? fetch)(url, init)
    },
    [oauth.allowInsecureRequests]: allowInsecureRequests,
  }
  let discovery: Promise<oauth.AuthorizationServer> | undefined

  async function readMetadata(): Promise<oauth.AuthorizationServer> {
    try {
      const signal = AbortSignal.timeout(discoveryMs)
      const response = await oauth.discoveryRequest(issuer, { ...sending, signal })
      return await oauth.processDiscoveryResponse(issuer, response)
    } catch (cause) {
      discovery = undefined
      const isAnother = (cause as { code?: string }).code === oauth.JSON_ATTRIBUTE_COMPARISON
      const reason = isAnother ? 'misconfigured' : 'unavailable'
      throw new RefreshError(`${who} ${isAnother ? 'has another name' : 'cannot be reached'}`, {
        reason,
        sent: false,
        cause,
      })
    }
  }

  const discover = (): Promise<oauth.AuthorizationServer> => (discovery ??= readMetadata())

  return {
    client,
    auth: clientAuth,
    sending,
    discover,
    key: () => keyOf(dpop),
    async tokensBy({ send, process, checks, verdicts, signal }) {
      const server = await discover()
      const DPoP = await keyOf(dpop)
      let isSent = false
      const asked: Sending = {
        ...sending,
        [oauth.customFetch](url, init) {
          check(new URL(url))
          isSent = true
          return sending[oauth.customFetch](url, init)
        },
        ...(signal && { signal }),
        ...(DPoP && { DPoP }),
      }
      const request = async (): Promise<Response> => {
        try {
          return await send(server, asked)
        } catch (error) {
          throw isSent ? error : misconfigured('cannot be asked', error, false)
        }
      }
      for (let isFirst = true; ; isFirst = false) {
        // One after the other: the second is asked for by the answer to the first.
        // oxlint-disable-next-line no-await-in-loop
        const response = await askForTokens(who, request)
        // oxlint-disable-next-line no-await-in-loop
        const json = await readTokenAnswer(who, response)
        // What was read cannot be read again. Whatever type it was sent with, it is JSON; null is as good as absent.
        const answer = new Response(
          JSON.stringify(json ?? {}, (_, value: unknown) => value ?? undefined),
          {
            status: json === undefined ? 200 : response.status,
            headers: { 'content-type': 'application/json' },
          },
        )
        try {
          // oxlint-disable-next-line no-await-in-loop
          return parseTokenResponse(await process(server, client, answer, checks))
        } catch (error) {
          if (!(isFirst && DPoP && oauth.isDPoPNonceError(error))) throw refreshErrorOf(error, verdicts, DPoP)
        }
      }
    },
  }
}

async function keyOf(dpop: DpopKey | undefined): Promise<oauth.DPoPHandle | undefined> {
  try {
    return await dpop?.handle()
  } catch (cause) {
    throw new RefreshError('The key of the tokens cannot be read', { reason: 'unavailable', sent: false, cause })
  }
}

function check(url: URL): void {
  if (!isSecureUrl(url)) throw new TypeError(`${url.origin} is not https: tokens would travel in the clear`)
}

function refreshErrorOf(
  error: unknown,
  verdicts: readonly string[] | undefined,
  key: oauth.DPoPHandle | undefined,
): unknown {
  if (error instanceof oauth.ResponseBodyError) {
    // A nonce that is not taken at the second try either is none of ours.
    return tokenError(who, key && oauth.isDPoPNonceError(error) ? 'slow_down' : error.error, verdicts)
  }
  const { name } = error as Error
  return name === 'RefreshError' || name === 'OAuthCallbackError'
    ? error
    : misconfigured('gave what is no token set', error, true)
}

/** Not with the error itself: oauth4webapi keeps the answer in it, and half of a wrong answer may be a right token. */
function misconfigured(what: string, error: unknown, sent: boolean): RefreshError {
  const { code } = error as { code?: string }
  return new RefreshError(`${who} ${what}${code === undefined ? '' : ` (${code})`}`, {
    reason: 'misconfigured',
    sent,
    cause: { code },
  })
}
