import type { Provider } from 'oidc-provider'

/** Tokens as a token endpoint gives them (RFC 6749, section 5.1), and whose they are. */
export interface DirectTokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly sub: string
}

/** Gives a person tokens without asking them: what an issuer does for a form of its own. */
export async function signInDirectly(
  provider: Provider,
  { clientId, accountId, scope }: { clientId: string; accountId: string; scope: string },
): Promise<DirectTokens> {
  const client = await provider.Client.find(clientId)
  if (client === undefined) throw new TypeError(`There is no client ${clientId}`)
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scope)
  const granted = { client, accountId, scope, grantId: await grant.save(), gty: 'authorization_code' }
  const accessToken = new provider.AccessToken(granted)
  return {
    access_token: await accessToken.save(),
    refresh_token: await new provider.RefreshToken(granted).save(),
    token_type: 'Bearer',
    expires_in: accessToken.remainingTTL,
    scope,
    sub: accountId,
  }
}
