import type { AccessToken, Provider } from 'oidc-provider'

import type { Tally } from './counters.ts'
import type { IssuerStore } from './issuer-store.ts'
import type { LiveSettings } from './settings.ts'

/** Keeps at most so many access tokens of a person alive: each new one pushes out the oldest, on whichever device that is. */
export function capTokens(provider: Provider, store: IssuerStore, settings: LiveSettings, tally: Tally): void {
  provider.on('access_token.saved', ({ accountId }: AccessToken) => {
    const alive = store.alive('AccessToken').filter(([, payload]) => payload.accountId === accountId)
    for (const [id] of alive.slice(0, -settings.current.tokenCap)) {
      store.destroy('AccessToken', id)
      tally.others.add('pushedOut')
    }
  })
}
