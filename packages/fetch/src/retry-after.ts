/** Returns how long a `Retry-After` asks to wait, in ms (RFC 9110, section 10.2.3); undefined where it says nothing. */
export function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
