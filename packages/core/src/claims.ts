/** Returns the claims of a JWT, unchecked; none for what is no JWT. */
export function claimsOf(jwt: string | undefined): { readonly [claim: string]: unknown } {
  try {
    const payload = jwt?.split('.')[1] ?? ''
    return Object(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))) as Record<string, unknown>
  } catch {
    return {}
  }
}
