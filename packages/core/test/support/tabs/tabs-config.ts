import type { SessionOptions } from '../../../src/session-options.ts'

/** What a page is told by the test that opened it. */
export interface TabsConfig {
  /** Where the authorization server listens. */
  readonly issuer: string
  readonly storage: 'indexeddb' | 'local'
  readonly options: Pick<SessionOptions, 'name' | 'leewayMs' | 'refreshTimeoutMs' | 'expireWhenRefused'>
}
