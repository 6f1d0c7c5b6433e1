/** Returns what a promise rejects with. Call it at once, so that nothing counts as unhandled. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const { error } = await promise.then(
    () => ({ error: undefined }),
    (cause: unknown) => ({ error: { cause } }),
  )
  if (error === undefined) throw new Error('It did not fail')
  return error.cause
}
