import type { Credential } from './credential.ts'

/** Returns the `Authorization` of a credential (RFC 9110, section 11.6.2); undefined where the browser holds a cookie. */
export function authorizationOf({ tokenType, accessToken }: Credential): string | undefined {
  return accessToken === undefined ? undefined : `${tokenType} ${accessToken}`
}
