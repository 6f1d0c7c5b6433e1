import { randomBytes } from 'node:crypto'

import type { Provider } from 'oidc-provider'

import type { IssuerName } from '../contract.ts'
import { brokerCallback } from './broker-sign-in.ts'
import { byServer, type Tally } from './counters.ts'
import { type Client, createIssuer, type Issued } from './issuer.ts'
import { createIssuerStore, type IssuerStore } from './issuer-store.ts'
import type { LiveSettings } from './settings.ts'
import { signInDirectly } from './sign-in-directly.ts'
import { capTokens } from './token-cap.ts'

/** An issuer, with what it remembers and who may ask it. */
export interface IssuerParts {
  readonly provider: Provider
  readonly store: IssuerStore
  readonly clients: readonly Client[]
}
export type Issuers = Readonly<Record<IssuerName, IssuerParts>>

interface IssuersOptions {
  readonly urls: Readonly<Record<IssuerName, string>>
  readonly pageOrigin: string
  /** The second client of the main issuer. */
  readonly broker: Client
  readonly settings: LiveSettings
  readonly tally: Tally
  readonly onIssued: ((issued: Issued) => void) | undefined
}

/** The page's client id, at every issuer. */
export const clientId = 'reauth-demo'

/** The broker, as a client: on a server, so that it can keep a secret. */
export const brokerClient = (pageOrigin: string): Client => ({
  id: 'reauth-demo-broker',
  redirectUri: pageOrigin + brokerCallback,
  secret: randomBytes(32).toString('base64url'),
})

/** Creates the main issuer, where page and broker are clients and tokens have a cap, and one for each chat server. */
export function createIssuers({ urls, pageOrigin, broker, settings, tally, onIssued }: IssuersOptions): Issuers {
  const page: Client = { id: clientId, redirectUri: `${pageOrigin}/` }
  const create = (name: IssuerName): IssuerParts => {
    const store = createIssuerStore(() => (name === 'main' ? settings.current.graceSeconds : 0))
    const clients = name === 'main' ? [page, broker] : [page]
    const count = name === 'main' ? tally.issuer : tally.chat[name]
    const provider = createIssuer({ url: urls[name], name, pageOrigin, clients, settings, store, count, onIssued })
    return { provider, store, clients }
  }
  const main = create('main')
  capTokens(main.provider, main.store, settings, tally)
  return { main, ...byServer(create) }
}

/** Signs everybody who is signed in at an issuer in on other devices, too. Returns how many sign-ins that were. */
export async function signInSiblings({ provider, store }: IssuerParts, count: number): Promise<number> {
  const accounts = new Set(store.alive('AccessToken').map(([, { accountId }]) => accountId))
  let signedIn = 0
  for (const accountId of accounts) {
    if (accountId === undefined) continue
    for (let device = 0; device < count; device++, signedIn++) {
      // one after the other, as people do
      // oxlint-disable-next-line no-await-in-loop
      await signInDirectly(provider, { clientId, accountId, scope: 'openid offline_access' })
    }
  }
  return signedIn
}
