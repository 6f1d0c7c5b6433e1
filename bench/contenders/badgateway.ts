import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'

import type { GetToken } from './hand-written.ts'

/** The wrapper of @badgateway/oauth2-client. It sends through the global fetch. */
export function badgateway(getToken: GetToken): typeof fetch {
  const token = (accessToken: string): { accessToken: string; expiresAt: number; refreshToken: null } => ({
    accessToken,
    expiresAt: Date.now() + 3_600_000,
    refreshToken: null,
  })
  const wrapper = new OAuth2Fetch({
    client: new OAuth2Client({ clientId: 'bench', server: 'https://issuer.test/' }),
    scheduleRefresh: false,
    getStoredToken: () => token('a1'),
    getNewToken: async () => token(await getToken()),
  })
  return (input, init) => wrapper.fetch(input as RequestInfo, init)
}
