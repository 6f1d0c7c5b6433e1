import { generateKeyPairSync, randomBytes } from 'node:crypto'

import { errors, Provider } from 'oidc-provider'

import type { Tally } from './counters.ts'
import type { IssuerStore } from './issuer-store.ts'
import { findPerson } from './people.ts'

/** The page's client id at the issuer. */
export const clientId = 'reauth-demo'

/** A token or code that the issuer handed out. */
export interface Issued {
  readonly kind: 'access token' | 'refresh token' | 'code'
  readonly value: string
  /** Seconds since the epoch, by the issuer's clock. */
  readonly issuedAt: number
}

interface IssuerOptions {
  /** Where the issuer is served. */
  url: string
  /** Origin of the page: the only redirect target, the only origin that CORS lets in. */
  pageOrigin: string
  accessTokenSeconds: number
  store: IssuerStore
  tally: Tally
  onIssued?: ((issued: Issued) => void) | undefined
}

const day = 24 * 60 * 60

/** Creates a real authorization server: PKCE, `offline_access`, refresh tokens that rotate, reuse that ends the grant. */
export function createIssuer({ url, pageOrigin, accessTokenSeconds, store, tally, onIssued }: IssuerOptions): Provider {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(url, {
    adapter: (model) => store.adapter(model),
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [
      {
        client_id: clientId,
        // a page cannot keep a secret; `native` is what allows http on loopback
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${pageOrigin}/`],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientBasedCORS: (_ctx, origin) => origin === pageOrigin,
    findAccount(_ctx, id) {
      const person = findPerson(id)
      return person && { accountId: person.id, claims: () => ({ sub: person.id, name: person.name }) }
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
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
  countGrants(provider, tally)
  const tell = (kind: Issued['kind'], { jti: value }: { jti: string }): void => {
    onIssued?.({ kind, value, issuedAt: Math.floor(Date.now() / 1000) })
  }
  provider.on('access_token.saved', (token) => tell('access token', token))
  provider.on('refresh_token.saved', (token) => tell('refresh token', token))
  provider.on('authorization_code.saved', (code) => tell('code', code))
  return provider
}

function countGrants(provider: Provider, tally: Tally): void {
  provider.on('grant.success', (ctx) => {
    tally.count(ctx.oidc.params?.['grant_type'] === 'refresh_token' ? 'refreshes' : 'codeExchanges')
  })
  provider.on('grant.error', (ctx, error) => {
    if (ctx.oidc?.params?.['grant_type'] === 'refresh_token') tally.count('refreshesRefused')
    // the wire says "grant request is invalid" for every cause; only the event tells them apart
    if (error instanceof errors.InvalidGrant && error.error_detail === 'refresh token already used') {
      tally.count('reuseDetected')
    }
  })
}
