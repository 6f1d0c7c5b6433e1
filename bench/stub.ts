/** What stands in for the network: it answers at once, so that all that is measured is what wraps it. */
export interface Stub {
  readonly fetch: typeof fetch
  /** How many requests it has got. */
  readonly requests: number
  /** Has the next so many refused. */
  refuse(count: number): void
}

/** Returns a stub that answers everybody alike, each with an answer of its own, as a network does. */
export function createStub(): Stub {
  let requests = 0
  let refusals = 0
  return {
    async fetch() {
      requests++
      return new Response(null, { status: refusals-- > 0 ? 401 : 200 })
    },
    get requests() {
      return requests
    },
    refuse(count) {
      refusals = count
    },
  }
}

/** Returns a stub that gives the same two answers again and again: what wraps it is nearly all that is left. */
export function createFreeStub(): Stub {
  const [accepted, refused] = [new Response(null), new Response(null, { status: 401 })]
  let requests = 0
  let refusals = 0
  return {
    async fetch() {
      requests++
      return refusals-- > 0 ? refused : accepted
    },
    get requests() {
      return requests
    },
    refuse(count) {
      refusals = count
    },
  }
}
