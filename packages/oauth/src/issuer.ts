import {
  askForTokens,
  isSecureUrl,
  parseTokenResponse,
  readTokenAnswer,
  RefreshError,
  type RefreshFailureReason,
  tokenError,
  type TokenSet,
} from '@reauth/core'
import * as oauth from 'oauth4webapi'

import type { OAuthOptions } from './oauth-options.ts'

/** What every request of oauth4webapi takes. */
interface Sending {
  readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: true
  readonly signal: AbortSignal
  readonly DPoP?: oauth.DPoPHandle
}

/** One endpoint of the issuer that gives tokens: how it is asked, and how its answer is checked. */
interface Grant {
  send(server: oauth.AuthorizationServer, options: Sending): Promise<Response>
  readonly process: (
    server: oauth.AuthorizationServer,
    client: oauth.Client,
    response: Response,
  ) => Promise<oauth.TokenEndpointResponse>
  /** The error codes that are verdicts on what was presented. @default ['invalid_grant'] */
  readonly verdicts?: readonly string[]
  readonly signal: AbortSignal
}

/** The issuer, as far as the grants need it. */
export interface Issuer {
  /** As its metadata have to name it. */
  readonly identifier: URL
  readonly client: oauth.Client
  readonly auth: oauth.ClientAuth
  /** Returns an address that may be asked. Throws a `TypeError` for any other. */
  endpoint(address: string | URL | undefined): URL
  /** Returns what a request takes that waits as long as a signal says; `init` goes to the fetch. */
  sending(signal: AbortSignal, init?: RequestInit): Sending
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
  const { clientId, clientAuth = oauth.None(), dpop, allowInsecureRequests } = options
  const identifier = endpoint(options.issuer)
  const client: oauth.Client = { client_id: clientId, [oauth.clockTolerance]: clockToleranceS }
  let discovery: Promise<oauth.AuthorizationServer> | undefined

  function endpoint(address: string | URL | undefined): URL {
    const url = new URL(address ?? '')
    if (url.protocol === 'https:' || (allowInsecureRequests === true && isSecureUrl(url))) return url
    throw new TypeError(
      `${url.origin} is not https: tokens would travel in the clear; allowInsecureRequests is for loopback`,
    )
  }

  const sending = (signal: AbortSignal, init?: RequestInit): Sending => ({
    async [oauth.customFetch](url, given) {
      endpoint(url)
      return (options.fetch ?? fetch)(url, { ...given, ...init })
    },
    // Which of them are is for `endpoint` to say.
    [oauth.allowInsecureRequests]: true,
    signal,
  })

  async function readMetadata(): Promise<oauth.AuthorizationServer> {
    try {
      const response = await oauth.discoveryRequest(identifier, sending(AbortSignal.timeout(discoveryMs)))
      return await oauth.processDiscoveryResponse(identifier, response)
    } catch (cause) {
      discovery = undefined
      throw (cause as { code?: string }).code === oauth.JSON_ATTRIBUTE_COMPARISON
        ? failure(`${who} has another name`, 'misconfigured', false, cause)
        : failure(`${who} cannot be reached`, 'unavailable', false, cause)
    }
  }

  const discover = (): Promise<oauth.AuthorizationServer> => (discovery ??= readMetadata())

  async function key(): Promise<oauth.DPoPHandle | undefined> {
    try {
      return await dpop?.handle()
    } catch (cause) {
      throw failure('The key of the tokens cannot be read', 'unavailable', false, cause)
    }
  }

  return {
    identifier,
    client,
    auth: clientAuth,
    endpoint,
    sending,
    discover,
    key,
    async tokensBy({ send, process, verdicts, signal }) {
      const server = await discover()
      const DPoP = await key()
      let isSent = false
      const { [oauth.customFetch]: fetcher, ...sent } = sending(signal)
      const asked: Sending = {
        ...sent,
        [oauth.customFetch](url, init) {
          endpoint(url)
          isSent = true
          return fetcher(url, init)
        },
        ...(DPoP && { DPoP }),
      }
      const ask = async (isRepeat: boolean): Promise<TokenSet> => {
        const response = await askForTokens(who, () =>
          send(server, asked).catch((error: unknown) => {
            throw isSent ? error : misconfigured('cannot be asked', error, false)
          }),
        )
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
          const result = await process(server, client, answer)
          // Whoever sets a key relies on it (RFC 9449, section 5).
          if (DPoP && result.token_type !== 'dpop')
            throw misconfigured('gave a token that is not bound to the key', {}, true)
          return parseTokenResponse(result)
        } catch (error) {
          if (!(error instanceof oauth.ResponseBodyError)) {
            const { name } = error as Error
            throw name === 'RefreshError' || name === 'OAuthCallbackError'
              ? error
              : misconfigured('gave what is no token set', error, true)
          }
          const isNonce = DPoP && oauth.isDPoPNonceError(error)
          if (isNonce && !isRepeat) return ask(true)
          // A nonce that is not taken at the second try either is none of ours.
          throw tokenError(who, isNonce ? 'slow_down' : error.error, verdicts)
        }
      }
      return ask(false)
    },
  }
}

/** What ended before an answer, or by one. */
export function failure(message: string, reason: RefreshFailureReason, sent: boolean, cause?: unknown): RefreshError {
  return new RefreshError(message, { reason, sent, cause })
}

/** Not with the error itself: oauth4webapi keeps the answer in it, and half of a wrong answer may be a right token. */
function misconfigured(what: string, error: unknown, sent: boolean): RefreshError {
  const { code } = error as { code?: string }
  return failure(`${who} ${what}${code === undefined ? '' : ` (${code})`}`, 'misconfigured', sent, { code })
}
