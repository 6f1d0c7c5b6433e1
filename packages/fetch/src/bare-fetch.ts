const wrapped = new WeakMap<typeof fetch, typeof fetch>()

/**
 * On a request that our wrappers let through as it is, also those of another copy of this package. A monitor that copies
 * the init copies it, too.
 */
const mark = Symbol.for('reauth')

/** Remembers what a wrapper wraps. */
export function registerWrapper(wrapper: typeof fetch, under: typeof fetch): void {
  wrapped.set(wrapper, under)
}

/** Returns what is under our own wrappers. */
export function underWrappers(found: typeof fetch): typeof fetch {
  const under = wrapped.get(found)
  return under === undefined ? found : underWrappers(under)
}

/** Returns whether a request has been through one of our wrappers, or is one that none may touch. */
export function isMarked(init: RequestInit | null | undefined): boolean {
  return (init as { [mark]?: true } | null | undefined)?.[mark] === true
}

/**
 * Sends past our own wrappers, through the global fetch of the moment if none is given. A page may have put a wrapper
 * there, and a monitor around it: a refresh that came through the wrapper would wait for itself.
 */
export function sendBare(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  given: typeof fetch = globalThis.fetch,
): Promise<Response> {
  return underWrappers(given)(input, { ...init, [mark]: true } as RequestInit)
}
