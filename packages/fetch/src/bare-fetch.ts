const bareFetches = new WeakMap<typeof fetch, typeof fetch>()

/** Remembers what a wrapper wraps. */
export function registerWrapper(wrapper: typeof fetch, bare: typeof fetch): void {
  bareFetches.set(wrapper, bare)
}

/**
 * Returns the fetch that is called where none was given: the global one of this moment, and what is under it where a
 * page put one of our wrappers there. A refresh through the wrapper would wait for itself.
 */
export function bareFetch(): typeof fetch {
  let found = globalThis.fetch
  for (let under = bareFetches.get(found); under !== undefined; under = bareFetches.get(found)) found = under
  return found
}
