import { randomBytes } from 'node:crypto'

/** Names for access tokens, for where a token itself may not go: into a cookie, into an address. */
export interface Passes {
  /** Returns a new name for a token; it is forgotten when the token has ended. */
  issue(token: string, expiresAt: number): string
  /** Returns the token; undefined for a name that is none. */
  find(pass: string): string | undefined
  drop(pass: string): void
}

/** Creates a book of passes. */
export function createPasses(): Passes {
  const book = new Map<string, { readonly token: string; readonly expiresAt: number }>()
  return {
    issue(token, expiresAt) {
      for (const [pass, entry] of book) if (entry.expiresAt <= Date.now()) book.delete(pass)
      const pass = randomBytes(24).toString('base64url')
      book.set(pass, { token, expiresAt })
      return pass
    },
    find: (pass) => book.get(pass)?.token,
    drop(pass) {
      book.delete(pass)
    },
  }
}
