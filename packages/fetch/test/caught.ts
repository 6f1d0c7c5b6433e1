/** Returns what a promise rejects with; an object that says so if it resolves instead. */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolvedWith: value }),
    (error: unknown) => error,
  )
}
