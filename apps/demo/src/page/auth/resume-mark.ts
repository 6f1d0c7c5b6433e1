const key = 'reauth-demo.resume'

/** Marks this tab as signed in: the tokens live in memory only, so a reload asks the issuer again, without a click. */
export function markResume(): void {
  sessionStorage.setItem(key, 'yes')
}

/** Returns whether this tab was signed in, and clears the mark: a failed attempt must not lead to the next. */
export function takeResumeMark(): boolean {
  const isMarked = sessionStorage.getItem(key) !== null
  sessionStorage.removeItem(key)
  return isMarked
}
