import type { Credential, Verdict } from '@reauth/core'

/** What is known of a failure: the element's own error, and what a probe was answered. */
export interface Failure {
  /** Null where a `<source>` failed, and where nothing came at all. */
  readonly mediaError: MediaError | null
  /** The HTTP status; absent before the probe. */
  readonly status?: number
}

export interface MediaOptions {
  /**
   * Makes an address for an item, where the credential is in the address: a ticket, a signature, a token. Called only to
   * recover, with the credential to use and the former address without its query. Absent where a cookie is sent.
   */
  source?: (credential: Credential, src: string) => string | Promise<string>
  /**
   * Whether addresses are signed and lapse by themselves: then a 403 asks `source` for another one and never refreshes,
   * and an address may lead to an origin that is not listed.
   *
   * @default false
   */
  signedUrl?: boolean
  /**
   * Sends what finds out why an element failed, a request for the first byte, as `fetch` does.
   *
   * @default the global fetch of the moment
   */
  probe?: (url: string, init: RequestInit) => Promise<Response>
  /**
   * Says what a failure means where the rules do not: first without a status, before anything is sent, then with that of
   * the probe. `transient` loads the item once more, past all caches, as for data that came corrupt; undefined leaves it
   * to the rules.
   */
  classify?: (failure: Failure) => Verdict | undefined
  /**
   * Called in place of the `error` event where a refusal could not be recovered: refused again, or no new credential to
   * be had. `src` is without its query.
   */
  onGiveUp?: (failure: { src: string; error: unknown }) => void
  /** Called where the browser does not let an element play on without a click (`NotAllowedError`). It stays paused. */
  onBlocked?: (failure: { src: string; error: unknown }) => void
}
