const inUse = new Set<unknown>()

/**
 * Follows a promise, and keeps things from being collected until it settles.
 *
 * In Node a `Request` hears of an abort through a weak reference: one that nobody holds on to stays silent, whoever
 * listens to its signal.
 */
export async function whileAlive<T>(things: unknown, promise: Promise<T>): Promise<T> {
  // The promise may be all that is left of a request that hangs, so that this has to be a root.
  const use = { things }
  inUse.add(use)
  try {
    return await promise
  } finally {
    inUse.delete(use)
  }
}
