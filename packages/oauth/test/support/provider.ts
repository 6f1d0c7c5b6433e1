import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'

/** The real authorization server on the loopback interface, and what it saw. */
export interface ServedProvider {
  readonly origin: string
  /** How often each grant was answered with tokens, by its type. */
  readonly grants: Readonly<Record<string, number>>
  /** How many grants it has ended because a refresh token came again. */
  readonly reuseDetected: number
  /** Ends a sign-in on its side: the refresh token is dead from now on. */
  endGrantsOf(accountId: string): void
  close(): Promise<void>
}

export interface ProviderOptions {
  /** Origins that may ask from a page. */
  readonly pageOrigins?: readonly string[]
  readonly redirectUris: readonly string[]
  readonly accessTokenSeconds?: number
  /** Whether every DPoP proof needs a nonce of the issuer. */
  readonly requiresNonce?: boolean
}

export const clientId = 'app'
export const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const day = 24 * 60 * 60

/** Serves an issuer whose refresh tokens rotate, whose sign-in asks nobody, and which exchanges tokens `for-<account>`. */
export async function serveProvider(options: ProviderOptions): Promise<ServedProvider> {
  const { pageOrigins = [], redirectUris, accessTokenSeconds = 300, requiresNonce = false } = options
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(origin, {
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [
      {
        client_id: clientId,
        // `native` is what allows http on loopback
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', exchangeType],
        response_types: ['code'],
        redirect_uris: [...redirectUris],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientBasedCORS: (_ctx, from) => pageOrigins.includes(from),
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    acrValues: ['urn:password', 'urn:second-factor'],
    claims: { openid: ['sub'], acr: null },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: () => requiresNonce,
      },
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: day,
      Interaction: 3600,
      Session: day,
      Grant: day,
    },
  })
  provider.registerGrantType(exchangeType, (ctx) => exchange(ctx, provider), ['subject_token', 'subject_token_type'])
  const grants: Record<string, number> = {}
  const grantIds = new Map<string, string[]>()
  let reuseDetected = 0
  provider.on('grant.success', ({ oidc }) => {
    const type = String(oidc.params?.['grant_type'])
    grants[type] = (grants[type] ?? 0) + 1
  })
  provider.on('grant.error', (_ctx, error) => {
    if (error instanceof errors.InvalidGrant && error.error_detail === 'refresh token already used') reuseDetected++
  })

  /** Signs in who the hint names, by the strongest means that were asked for, and consents: without a page. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    const hint = String(params['login_hint'] ?? session?.accountId)
    if (hint === 'nobody') {
      const denied = { error: 'access_denied', error_description: 'The user said no' }
      return provider.interactionFinished(request, response, denied)
    }
    if (prompt.name === 'login') {
      const acr = String(params['acr_values'] ?? 'urn:password').split(' ')[0] as string
      return provider.interactionFinished(request, response, { login: { accountId: hint, acr, ts: nowS() } })
    }
    const grant = new provider.Grant({ accountId: session?.accountId ?? hint, clientId })
    grant.addOIDCScope(String(params['scope']))
    const grantId = await grant.save()
    grantIds.set(hint, [...(grantIds.get(hint) ?? []), grantId])
    await provider.interactionFinished(request, response, { consent: { grantId } })
  }

  const callback = provider.callback()
  server.on('request', (request, response) => {
    const answer = request.url?.startsWith('/interaction/') ? interact : callback
    answer(request, response).catch((error: unknown) => {
      response.destroy(error as Error)
    })
  })
  return {
    origin,
    grants,
    get reuseDetected() {
      return reuseDetected
    },
    endGrantsOf(accountId) {
      for (const id of grantIds.get(accountId) ?? []) void provider.Grant.adapter.destroy(id)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

const nowS = (): number => Math.floor(Date.now() / 1000)

/** Gives an access token for a subject token `for-<account>` (RFC 8693); any other is none. */
async function exchange(ctx: KoaContextWithOIDC, provider: Provider): Promise<void> {
  const { client, params } = ctx.oidc
  const accountId = /^for-(\w+)$/.exec(String(params?.['subject_token']))?.[1]
  if (accountId === undefined || client === undefined) throw new errors.InvalidRequest('subject_token is invalid')
  const scope = typeof params?.['scope'] === 'string' ? { scope: params['scope'] } : {}
  const token = new provider.AccessToken({ accountId, client, gty: 'token_exchange', ...scope } as never)
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: token.expiration,
  }
}
