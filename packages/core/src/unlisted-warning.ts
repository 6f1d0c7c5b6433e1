import type { CredentialSource } from './credential.ts'

/**
 * Returns what tells, once per origin, that an adapter leaves its refusals alone, and which line would change that: in the
 * trace, or on the console where nobody listens. `what` is what came from there, as in `401`.
 */
export function createUnlistedWarning({
  trace = ({ reason }) => {
    console.warn('reauth:', reason)
  },
}: Pick<CredentialSource, 'trace'>): (what: string, origin: string) => void {
  const told = new Set<string>()
  return (what, origin) => {
    if (told.has(origin)) return
    told.add(origin)
    trace({
      type: 'warning',
      level: 'warn',
      origin,
      reason: `${what} from an unlisted origin; if it takes this session's tokens, add origins: ['${origin}']`,
    })
  }
}
