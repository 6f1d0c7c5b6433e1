import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What a record of oidc-provider holds, as far as the store looks into it. */
export interface Payload {
  grantId?: string
  uid?: string
  /** Since when it is used up, in seconds since the epoch. */
  consumed?: number
}

/** Where oidc-provider keeps the records of one kind. */
export interface Adapter {
  upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>
  find(id: string): Promise<Payload | undefined>
  findByUid(uid: string): Promise<Payload | undefined>
  findByUserCode(code: string): Promise<undefined>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}

interface Grant {
  addOIDCScope(scope: string): void
  save(): Promise<string>
}

interface GrantContext {
  readonly oidc?: { readonly params?: Readonly<Record<string, unknown>> }
}

interface Provider {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  on(event: 'grant.error', listener: (ctx: GrantContext, error: Error & { error_detail?: string }) => void): void
  on(event: 'grant.success', listener: (ctx: GrantContext) => void): void
  on(event: 'grant.revoked', listener: () => void): void
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{
    readonly prompt: { readonly name: string }
    readonly params: Readonly<Record<string, unknown>>
    readonly session?: { readonly accountId: string }
  }>
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  readonly Grant: new (of: { accountId: string | undefined; clientId: string }) => Grant
}

interface Module {
  readonly Provider: new (issuer: string, configuration: object) => Provider
}

/** The demo is what depends on it. */
const { resolve } = createRequire(new URL('../../../../../apps/demo/package.json', import.meta.url))
const { href } = pathToFileURL(resolve('oidc-provider'))

/** The real authorization server, `oidc-provider`. */
export const Provider: Module['Provider'] = ((await import(/* @vite-ignore */ href)) as Module).Provider
