/** What the two servers saw since they started. Only they can say how often a token was really refreshed. */
export interface Counters {
  /** Requests to the token endpoint, whatever the answer. */
  readonly tokenPosts: number
  /** Authorization codes exchanged for tokens. */
  readonly codeExchanges: number
  /** Refresh grants that were answered with a new token set. */
  readonly refreshes: number
  /** Refresh grants that were refused. */
  readonly refreshesRefused: number
  /** Refresh tokens that came a second time. The issuer ends the whole grant for it. */
  readonly reuseDetected: number
  /** API calls answered with 200, 401, 403. */
  readonly apiOk: number
  readonly apiUnauthorized: number
  readonly apiDenied: number
}

/** Counts, and tells whoever watches. */
export interface Tally {
  readonly counters: Counters
  count(name: keyof Counters): void
  watch(listener: () => void): () => void
}

/** Creates a tally at zero. */
export function createTally(): Tally {
  let counters: Counters = {
    tokenPosts: 0,
    codeExchanges: 0,
    refreshes: 0,
    refreshesRefused: 0,
    reuseDetected: 0,
    apiOk: 0,
    apiUnauthorized: 0,
    apiDenied: 0,
  }
  const listeners = new Set<() => void>()
  return {
    get counters() {
      return counters
    },
    count(name) {
      counters = { ...counters, [name]: counters[name] + 1 }
      for (const listener of listeners) listener()
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
