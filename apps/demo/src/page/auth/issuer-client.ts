import * as oauth from 'oauth4webapi'

import { facts } from '../facts.ts'

/** This page at its issuer: a public client, which has no secret. */
export const client: oauth.Client = { client_id: facts.clientId, [oauth.clockTolerance]: 30 }
export const clientAuth: oauth.ClientAuth = oauth.None()

/** Everything of the demo is on loopback, over plain http. Never set this anywhere else. */
export const overLoopback: { [oauth.allowInsecureRequests]: true } = { [oauth.allowInsecureRequests]: true }

let discovery: Promise<oauth.AuthorizationServer> | undefined

/** Reads the issuer's metadata, once; a failure is not remembered. */
export function discover(): Promise<oauth.AuthorizationServer> {
  discovery ??= readMetadata().catch((error: unknown) => {
    discovery = undefined
    throw error
  })
  return discovery
}

async function readMetadata(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(facts.issuer)
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, overLoopback))
}
