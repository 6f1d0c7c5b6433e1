import { session, leewayMs } from '../auth/session.ts'
import { createStore, type Store } from '../store.ts'

/** The stretch of time that the current access token lives in. */
export interface TokenLife {
  readonly version: number
  readonly receivedAt: number
  /** From here on a call renews it first. */
  readonly staleAt: number
  readonly expiresAt: number
}

/** The life of the token that is held; undefined without one, or where the issuer set no end. */
export const tokenLife: Store<TokenLife | undefined> = createStore<TokenLife | undefined>(undefined)

session.subscribe(() => {
  const { state } = session
  if (state.status !== 'active' || state.expiresAt === undefined) return tokenLife.set(undefined)
  const { version, expiresAt } = state
  if (tokenLife.get()?.version === version) return
  const receivedAt = Date.now()
  const staleAt = expiresAt - Math.min(leewayMs, (expiresAt - receivedAt) / 3)
  tokenLife.set({ version, receivedAt, staleAt, expiresAt })
})
