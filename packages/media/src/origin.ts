import type { CredentialSource } from '@reauth/core'

/** Returns whether the session's credentials may go to an address; never for what is no address of a server. */
export function isListed({ origins }: CredentialSource, address: string): boolean {
  return URL.canParse(address) && origins(address)
}

/** Tells once per origin that its failures are not looked into, and which line would change that. */
export function createUnlistedWarning({
  trace = ({ reason }) => {
    console.warn('reauth:', reason)
  },
}: CredentialSource): (address: string) => void {
  const told = new Set<string>()
  return (address) => {
    const { origin } = URL.parse(address) ?? {}
    if (!address.startsWith('http') || origin === undefined || told.has(origin)) return
    told.add(origin)
    trace({
      type: 'warning',
      level: 'warn',
      origin,
      reason: `Media of an unlisted origin failed; if it takes this session's credentials, add origins: ['${origin}']`,
    })
  }
}
