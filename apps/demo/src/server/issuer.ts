import { generateKeyPairSync, randomBytes } from 'node:crypto'

import { type ClientMetadata, errors, Provider } from 'oidc-provider'

import type { IssuerCounters } from '../contract.ts'
import type { Count } from './counters.ts'
import type { IssuerStore } from './issuer-store.ts'
import { findPerson } from './people.ts'
import type { LiveSettings } from './settings.ts'

/** A token or code that an issuer handed out. */
export interface Issued {
  readonly kind: 'access token' | 'refresh token' | 'code'
  readonly value: string
  /** Seconds since the epoch, by the issuer's clock. */
  readonly issuedAt: number
}

interface IssuerOptions {
  /** Where the issuer is served. */
  url: string
  /** Sets its cookies apart: browsers give them to every port of a machine. */
  name: string
  /** Origin of the page: the only origin that CORS lets in. */
  pageOrigin: string
  clients: readonly Client[]
  settings: LiveSettings
  store: IssuerStore
  count: Count<keyof IssuerCounters>
  onIssued?: ((issued: Issued) => void) | undefined
}

/** Who may ask for tokens. */
export interface Client {
  readonly id: string
  readonly redirectUri: string
  /** Of a client on a server; a page cannot keep one. */
  readonly secret?: string
}

const day = 24 * 60 * 60

/** Creates a real authorization server: PKCE, `offline_access`, refresh tokens that rotate, reuse that ends the grant. */
export function createIssuer(options: IssuerOptions): Provider {
  const { url, name, pageOrigin, clients, settings, store, count, onIssued } = options
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(url, {
    adapter: (model) => store.adapter(model),
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: { session: `${name}_session`, interaction: `${name}_interaction`, resume: `${name}_resume` },
    },
    clients: clients.map(metadataOf),
    scopes: ['openid', 'offline_access', 'chat'],
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
      AccessToken: () => settings.current.accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: day,
      Interaction: 3600,
      Session: day,
      Grant: day,
    },
  })
  countGrants(provider, count)
  const tell = (kind: Issued['kind'], { jti: value }: { jti: string }): void => {
    onIssued?.({ kind, value, issuedAt: Math.floor(Date.now() / 1000) })
  }
  provider.on('access_token.saved', (token) => tell('access token', token))
  provider.on('refresh_token.saved', (token) => tell('refresh token', token))
  provider.on('authorization_code.saved', (code) => tell('code', code))
  return provider
}

const metadataOf = ({ id, redirectUri, secret }: Client): ClientMetadata => ({
  client_id: id,
  // `native` is what allows http on loopback
  application_type: 'native',
  ...(secret === undefined
    ? { token_endpoint_auth_method: 'none' }
    : { token_endpoint_auth_method: 'client_secret_post', client_secret: secret }),
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [redirectUri],
  id_token_signed_response_alg: 'ES256',
})

function countGrants(provider: Provider, count: Count<keyof IssuerCounters>): void {
  provider.on('grant.success', (ctx) => {
    count.add(ctx.oidc.params?.['grant_type'] === 'refresh_token' ? 'refreshes' : 'codeExchanges')
  })
  provider.on('grant.error', (ctx, error) => {
    if (ctx.oidc?.params?.['grant_type'] === 'refresh_token') count.add('refreshesRefused')
    // the wire says "grant request is invalid" for every cause; only the event tells them apart
    if (error instanceof errors.InvalidGrant && error.error_detail === 'refresh token already used') {
      count.add('reuseDetected')
    }
  })
}
