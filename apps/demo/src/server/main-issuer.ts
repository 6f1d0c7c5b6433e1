import type { Provider } from 'oidc-provider'

import type { Tally } from './counters.ts'
import { createInteraction } from './interaction.ts'
import type { Handler } from './serve.ts'
import type { LiveSettings } from './settings.ts'
import { spoil } from './token-endpoint-faults.ts'

interface MainIssuerOptions {
  readonly provider: Provider
  readonly settings: LiveSettings
  readonly tally: Tally
  readonly pageOrigin: string
}

/** Creates the handler of the main issuer: its endpoints, its page, and the faults of its token endpoint. */
export function createMainIssuer({ provider, ...options }: MainIssuerOptions): Handler {
  const oidc = provider.callback()
  const interaction = createInteraction(provider)
  return async (request, response, { pathname: path }) => {
    if (path.startsWith('/interaction/')) return interaction(request, response)
    if (request.method === 'POST' && path === '/token') {
      options.tally.issuer.add('tokenPosts')
      if (await spoil(request, response, options)) return
    }
    await oidc(request, response)
  }
}
