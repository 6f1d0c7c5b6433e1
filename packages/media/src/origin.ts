import type { CredentialSource } from '@reauth/core'

/** Returns whether the session's credentials may go to an address; never to what is none of a server. */
export function isListed({ origins }: CredentialSource, address: string): boolean {
  return URL.canParse(address) && origins(address)
}

/** Tells once per origin that its failures are left alone, and which line would change that. */
export function createUnlistedWarning({
  trace = ({ reason }) => {
    console.warn('reauth:', reason)
  },
}: CredentialSource): (address: string) => void {
  const told = new Set<string>()
  return (address) => {
    const { origin } = new URL(address)
    if (!origin.startsWith('http') || told.has(origin)) return
    told.add(origin)
    trace({
      type: 'warning',
      level: 'warn',
      origin,
      reason: `Media failed at an unlisted origin; if it takes this session's credentials, add origins: ['${origin}']`,
    })
  }
}
