import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Provider } from 'oidc-provider'

import { createGraciousStore } from './gracious-store.ts'

/** The real authorization server on the loopback interface, and what it saw. */
export interface ServedProvider {
  readonly origin: string
  /** How many refreshes it answered with tokens. */
  readonly refreshes: number
  /** Why it refused a refresh, one line each. */
  readonly refusals: readonly string[]
  /** How many grants it has ended because a refresh token came again. */
  readonly reuseDetected: number
  /** Voids one access token alone; at its revocation endpoint the whole grant would go with it. */
  revokeAccessToken(accessToken: string): Promise<void>
  close(): Promise<void>
}

export const clientId = 'soak'
export const redirectUri = 'http://127.0.0.1/callback'
const day = 24 * 60 * 60

/** Serves an issuer whose refresh tokens rotate; reuse ends the grant, and with it the sign-in, once the grace is over. */
export async function serveProvider({
  accessTokenSeconds,
  graceMs,
}: {
  accessTokenSeconds: number
  graceMs: number
}): Promise<ServedProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const adapter = createGraciousStore(graceMs)
  const provider = new Provider(origin, {
    adapter,
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [
      {
        client_id: clientId,
        // `native` is what allows http on loopback
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [redirectUri],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    findAccount: (_ctx: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
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
  const refusals: string[] = []
  let refreshes = 0
  let reuseDetected = 0
  const isRefresh = (params?: Readonly<Record<string, unknown>>): boolean => params?.['grant_type'] === 'refresh_token'
  provider.on('grant.success', ({ oidc }) => {
    if (isRefresh(oidc?.params)) refreshes++
  })
  provider.on('grant.error', ({ oidc }, { message, error_detail: detail }) => {
    if (isRefresh(oidc?.params)) refusals.push(`${message}: ${detail}`)
  })
  provider.on('grant.revoked', () => {
    reuseDetected++
  })

  /** Signs in who the hint names, and consents: without a page. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: String(params['login_hint']) } })
    }
    const grant = new provider.Grant({ ...session, clientId })
    grant.addOIDCScope(String(params['scope']))
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
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
    get refreshes() {
      return refreshes
    },
    refusals,
    get reuseDetected() {
      return reuseDetected
    },
    revokeAccessToken: (accessToken) => adapter('AccessToken').destroy(accessToken),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
