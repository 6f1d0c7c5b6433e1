/** What must be remembered while the user is at the issuer. No token is among it. */
interface PendingSignIn {
  readonly verifier: string
  readonly nonce: string
}

const prefix = 'reauth-demo.sign-in.'

/** Remembers a sign-in that starts, in this tab only. */
export function savePending(state: string, pending: PendingSignIn): void {
  sessionStorage.setItem(prefix + state, JSON.stringify(pending))
}

/** Returns the sign-in that `state` belongs to and forgets it: an answer counts once. */
export function takePending(state: string): PendingSignIn | undefined {
  const saved = sessionStorage.getItem(prefix + state)
  sessionStorage.removeItem(prefix + state)
  return saved === null ? undefined : (JSON.parse(saved) as PendingSignIn)
}
