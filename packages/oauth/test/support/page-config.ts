/** What a page is told before its script runs. */
export interface PageConfig {
  readonly issuer: string
  readonly clientId: string
  /** Whether its tokens are bound to a key. */
  readonly isBound: boolean
}
