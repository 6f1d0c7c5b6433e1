import type { Client } from './issuer.ts'
import type { IssuerStore } from './issuer-store.ts'

/**
 * Does what a thief does: uses each refresh token of an issuer, and then uses it again. The issuer sees the second use and
 * ends the grant, for the thief as for whom it was stolen from. Returns how often it did.
 */
export async function replayAll(issuer: string, store: IssuerStore, clients: readonly Client[]): Promise<number> {
  const stolen = store.alive('RefreshToken').map(([token, { clientId }]) => ({
    token,
    client: clients.find(({ id }) => id === clientId),
  }))
  const replayed = await Promise.all(
    stolen.map(async ({ token, client }) => {
      const use = (): Promise<number> => refresh(issuer, token, client)
      return (await use()) === 200 && (await use()) === 400
    }),
  )
  return replayed.filter(Boolean).length
}

async function refresh(issuer: string, token: string, client: Client | undefined): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: client?.id ?? '' })
  if (client?.secret !== undefined) body.set('client_secret', client.secret)
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  await response.arrayBuffer()
  return response.status
}
